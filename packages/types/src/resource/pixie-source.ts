import type * as t from 'io-ts';
import {
  count,
  list,
  matching,
  numberBetween,
  oneOf,
  optional,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import { apiVersion, Conditions, ObjectMeta } from './metadata.ts';

const MOST_SCRIPTS = 32;

const scriptName = matching('a script name (a-z, 0-9, _; at most 63 characters)', /^[a-z0-9_]+$/, 63);

export const PixieSourceSpec = struct(
  'a Pixie source spec',
  {
    address: required(text(261), 'Where Pixie is asked, as host:port.'),
    cluster_id: required(text(64), 'Id of the cluster in Pixie; `localhost` where a PEM is asked itself.'),
    scripts: required(
      list(
        struct('a scheduled script', {
          name: required(scriptName, 'Name of the script.'),
          interval_seconds: required(
            numberBetween('a number of seconds 1..86400', 1, 86_400),
            'Length of its windows: it runs once for each.',
          ),
        }),
        { maxItems: MOST_SCRIPTS, mapKeys: ['name'] },
      ),
      'Which scripts run, and how often.',
    ),
  },
  { description: 'What the operator asks of Pixie. It writes this itself, from its settings.' },
);
export type PixieSourceSpec = t.TypeOf<typeof PixieSourceSpec>;

/** How far one script has come. A leader that takes over goes on from here. */
export const PixieScriptStatus = struct('the state of a script', {
  name: required(scriptName, 'Name of the script.'),
  window_end: optional(timestamp, 'End of the last window that was taken in whole; the next begins here.'),
  last_run: optional(timestamp, 'When it was last run.'),
  last_success: optional(timestamp, 'When a window was last taken in whole.'),
  rows: optional(count, 'Rows of the last window that was taken in whole.'),
  observations: optional(count, 'Observations that were taken from these rows.'),
  rejected: optional(count, 'Rows of these that could not be read, or that the operator refused.'),
  consecutive_failures: optional(count, 'Runs that failed since the last one that did not.'),
  lost_seconds: optional(count, 'Seconds that were never asked for, because Pixie was away for too long.'),
  message: optional(text(1024), 'What was wrong with the last run.'),
  probe_expires_at: optional(timestamp, 'When Pixie removes its probes unless they are asked for again.'),
  tracepoints: optional(
    list(text(253), { maxItems: 32 }),
    'The probes that it deployed, to be removed with it.',
  ),
});
export type PixieScriptStatus = t.TypeOf<typeof PixieScriptStatus>;

export const PixieSourceStatus = struct(
  'a Pixie source status',
  {
    conditions: optional(Conditions, 'Its conditions.'),
    cluster_name: optional(text(253), 'Name of the cluster in Pixie.'),
    cluster_status: optional(text(63), 'How the cluster is, in the words of Pixie.'),
    vizier_version: optional(text(63), 'Version of Pixie in the cluster.'),
    scripts: optional(
      list(PixieScriptStatus, { maxItems: MOST_SCRIPTS, mapKeys: ['name'] }),
      'How far each script has come.',
    ),
    observed_generation: optional(count, 'The generation of the spec that this status speaks of.'),
  },
  { description: 'Whether Pixie answers, and how far its data were taken.' },
);
export type PixieSourceStatus = t.TypeOf<typeof PixieSourceStatus>;

export const PixieSource = struct('a PixieSource', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('PixieSource'), 'Kind.'),
  metadata: required(ObjectMeta, 'Metadata.'),
  spec: required(PixieSourceSpec, 'What is asked of Pixie.'),
  status: optional(PixieSourceStatus, 'Whether it answers, and how far its data were taken.'),
});
export type PixieSource = t.TypeOf<typeof PixieSource>;
