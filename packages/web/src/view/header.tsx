import { visible } from 'kernel-gossip-types';
import type { JSX } from 'preact';
import type { Connection } from '../live/follow.ts';
import { openBySeverity } from '../model/groups.ts';
import { clockText, skewText, zoneText } from '../model/moments.ts';
import type { App } from '../state/app.ts';

/** The name, the ways to go, and how live all of it is. */
export function Header({ app }: { readonly app: App }): JSX.Element {
  const { place, theme, isHelpOpen } = app;
  const { page } = place.route.value;
  const current = (isCurrent: boolean): 'page' | undefined => (isCurrent ? 'page' : undefined);
  return (
    <header class="header">
      <div class="bar">
        <h1>
          <a href="#/">Kernel Gossip</a>
        </h1>
        <nav aria-label="Main">
          <a href={place.listHash.value} aria-current={current(page === 'whispers')}>
            Whispers
          </a>
          <a href="#/births" aria-current={current(page === 'births')}>
            Births
          </a>
        </nav>
        <Counts app={app} />
        <ConnectionMark connection={app.connection.value} />
        <Zone app={app} />
        <button
          type="button"
          class="quiet"
          aria-label={`Colours: ${theme.theme.value}`}
          title="Colours: as the system (auto), light, dark (t)"
          onClick={theme.next}
        >
          {theme.theme.value}
        </button>
        <button
          type="button"
          class="quiet keys-button"
          aria-label="Help"
          title="Keys (?)"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
      <Notices app={app} />
    </header>
  );
}

function Counts({ app: { board } }: { readonly app: App }): JSX.Element | null {
  if (board.since.value === null) return null;
  const counts = openBySeverity(board.whispers.value.map(({ whisper }) => whisper));
  return (
    <p class="counts" title="Open whispers by severity, of all that the operator has">
      <span class="severity critical">{counts.critical} critical</span>
      <span class="severity warning">{counts.warning} warning</span>
      <span class="severity info">{counts.info} info</span>
    </p>
  );
}

const STATE_WORDS: Readonly<Record<Connection['state'], string>> = {
  connecting: 'connecting…',
  live: 'live',
  resting: 'resting',
  reconnecting: 'reconnecting…',
  denied: 'not let in',
};

const ConnectionMark = ({ connection: { state } }: { readonly connection: Connection }): JSX.Element => (
  <p class={`connection ${state}`}>
    <span class="dot" aria-hidden="true" />
    {STATE_WORDS[state]}
  </p>
);

const Zone = ({ app: { now } }: { readonly app: App }): JSX.Element => (
  <p class="zone" title="The time zone of this browser, in which times of day are shown">
    {visible(zoneText(now.value))}
  </p>
);

/** What a reader must know about what they see; read out when it changes. */
function Notices({ app: { connection, notice, board, aheadMs } }: { readonly app: App }): JSX.Element {
  const lost = lostText(connection.value, board.since.value !== null);
  const unread = unreadText(board.unreadable.value);
  const skew = skewText(aheadMs.value);
  return (
    <div role="status" class="notices">
      {lost === null ? null : <p class="notice lost">{lost}</p>}
      {notice.value === null ? null : (
        <p class="notice">
          {notice.value}{' '}
          <button
            type="button"
            class="quiet"
            onClick={() => {
              notice.value = null;
            }}
          >
            Close
          </button>
        </p>
      )}
      {unread === null ? null : <p class="notice lost">{unread}</p>}
      {skew === null ? null : <p class="notice lost">{skew}</p>}
    </div>
  );
}

function lostText(connection: Connection, isAnythingShown: boolean): string | null {
  if (connection.state !== 'reconnecting') return null;
  const { since, why } = connection;
  const shown = isAnythingShown ? ' What is shown is as it was then.' : '';
  return `The operator is not reached since ${clockText(since, since)} (${visible(why)}).${shown} Reconnecting…`;
}

function unreadText(unreadable: number): string | null {
  if (unreadable === 0) return null;
  const which = unreadable === 1 ? '1 object' : `${unreadable} objects`;
  return `This page cannot read ${which} and leaves out what it cannot read. Reload it: it may be older than the operator.`;
}
