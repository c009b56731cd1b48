import { visible } from 'kernel-gossip-types';
import type { JSX } from 'preact';
import type { Connection } from '../live/follow.ts';
import { openBySeverity } from '../model/groups.ts';
import { clockText } from '../model/moments.ts';
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

/** What a reader must know about what they see; read out when it changes. */
function Notices({ app: { connection, notice, unreadable } }: { readonly app: App }): JSX.Element {
  const { value } = connection;
  const lost =
    value.state === 'reconnecting'
      ? `The operator is not reached since ${clockText(value.since, value.since)} (${visible(value.why)}). What is shown is as it was then. Reconnecting…`
      : null;
  const unread =
    unreadable.value === 0
      ? null
      : `${unreadable.value} objects could not be read by this page and are left out. Reload it: it may be older than the operator.`;
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
    </div>
  );
}
