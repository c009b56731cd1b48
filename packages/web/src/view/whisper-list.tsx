import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { visible, CAUSE_WORDS, type KernelWhisper } from 'kernel-gossip-types';
import { phaseOf } from '../model/filters.ts';
import { comparisonOf, headlineOf } from '../model/figures.ts';
import { openBySeverity, type Group } from '../model/groups.ts';
import { agoText } from '../model/moments.ts';
import { subjectOf } from '../model/pod-tracks.ts';
import { podHash } from '../model/route.ts';
import type { Row } from '../model/rows.ts';
import { KIND_WORDS } from '../model/words.ts';
import type { App } from '../state/app.ts';
import { Amount } from './amount.tsx';
import { FilterBar } from './filter-bar.tsx';
import { ProvenanceMark, SeverityMark } from './marks.tsx';
import { useNarrow } from './narrow.ts';
import { VirtualList } from './virtual-list.tsx';

const GROUP_HEIGHT = 38;
const WHISPER_HEIGHT = 46;
const NARROW_WHISPER_HEIGHT = 92;

/** Who is whispering now, by workload, worst first. */
export function WhisperList({ app }: { readonly app: App }): JSX.Element {
  const isNarrow = useNarrow();
  const rows = app.rows.value;
  const heightOf = useCallback(
    ({ type }: Row): number => {
      if (type === 'group') return GROUP_HEIGHT;
      return isNarrow ? NARROW_WHISPER_HEIGHT : WHISPER_HEIGHT;
    },
    [isNarrow],
  );
  return (
    <section class="list" aria-label="Whispers">
      <FilterBar app={app} />
      {rows.length === 0 ? (
        <Nothing app={app} />
      ) : (
        <VirtualList
          label="Whispers by workload, worst first"
          rows={rows}
          heightOf={heightOf}
          selected={app.selected.value}
          draw={(row) =>
            row.type === 'group' ? (
              <GroupHead group={row.group} />
            ) : (
              <WhisperRow app={app} whisper={row.whisper} inGroup={row.inGroup} rowKey={row.key} />
            )
          }
        />
      )}
    </section>
  );
}

function Nothing({ app: { board } }: { readonly app: App }): JSX.Element {
  if (board.since.value === null) return <p class="nothing">Reading what the operator has…</p>;
  return board.whispers.value.length === 0 ? (
    <p class="nothing">
      Nobody whispers: nothing that an observer or Pixie told of is wrong now. New whispers appear here by
      themselves.
    </p>
  ) : (
    <p class="nothing">
      None of the {board.whispers.value.length} whispers is like that. <a href="#/">Show all</a>
    </p>
  );
}

function GroupHead({ group }: { readonly group: Group }): JSX.Element {
  const counts = openBySeverity(group.members.map(({ whisper }) => whisper));
  const worst = group.members[0]?.whisper;
  return (
    <div class="group">
      <strong>{visible(group.workload ?? worst?.spec.pod_name ?? '')}</strong>
      <span class="where">{visible(group.namespace)}</span>
      <span class="tally">
        {(['critical', 'warning', 'info'] as const).map((severity) =>
          counts[severity] === 0 ? null : (
            <span key={severity} class={`severity ${severity}`}>
              {counts[severity]} {severity}
            </span>
          ),
        )}
      </span>
    </div>
  );
}

interface WhisperRowOptions {
  readonly app: App;
  readonly whisper: KernelWhisper;
  readonly inGroup: boolean;
  readonly rowKey: string;
}

function WhisperRow({ app, whisper, inGroup, rowKey }: WhisperRowOptions): JSX.Element {
  const { spec, status } = whisper;
  const now = app.now.value;
  const isSelected = app.selected.value === rowKey;
  const headline = headlineOf(whisper, now);
  const phase = phaseOf(whisper);
  const cause = status?.cause?.kind;
  return (
    <a
      class={`whisper ${phase === 'Resolved' ? 'resolved' : ''} ${inGroup ? 'member' : ''}`}
      href={podHash(spec.namespace, spec.pod_name)}
      aria-current={isSelected ? 'true' : undefined}
      onFocus={() => {
        app.selected.value = rowKey;
      }}
    >
      <SeverityMark severity={spec.severity} />
      <span class="who">
        <span class="pod">{visible(spec.pod_name)}</span>
        <span class="where">
          <ProvenanceMark provenance={spec.provenance} />
          {visible(inGroup ? subjectOf(whisper) : placeOf(whisper))}
        </span>
      </span>
      <span class="headline">
        <Amount figure={headline.figure} /> {headline.figure.text === null ? null : headline.unit}
      </span>
      <Comparison whisper={whisper} now={now} />
      <span class="cause">{cause === undefined ? KIND_WORDS[spec.kind] : CAUSE_WORDS[cause]}</span>
      <span class="phase" title={`First seen this time ${spec.detected_at}`}>
        {phase === 'Resolved' ? 'over' : phase === 'Pending' ? 'new' : agoText(spec.detected_at, now)}
      </span>
    </a>
  );
}

/** Where a whisper that is in no group belongs. */
const placeOf = (whisper: KernelWhisper): string => {
  const { namespace, workload } = whisper.spec;
  const parts = [
    namespace,
    ...(workload === null ? [] : [`${workload.kind}/${workload.name}`]),
    subjectOf(whisper),
  ];
  return parts.join(' · ');
};

/** The two stories of one thing, in one line. */
function Comparison({
  whisper,
  now,
}: {
  readonly whisper: KernelWhisper;
  readonly now: number;
}): JSX.Element {
  const row = comparisonOf(whisper, now);
  if (row?.metrics == null) return <span class="comparison" />;
  return (
    <span class="comparison">
      <span class="said">
        metrics <Amount figure={row.metrics} />
      </span>
      <span class="said kernel">
        kernel <Amount figure={row.kernel} />
      </span>
    </span>
  );
}
