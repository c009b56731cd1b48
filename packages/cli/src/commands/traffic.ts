import { Command, Option } from 'commander';
import { KernelGossipError, type PodTraffic, type TrafficRole } from 'kernel-gossip-types';
import { wholeNumberFrom } from '../options.ts';
import { flowColumns, requestColumns } from '../render/traffic-columns.ts';
import { flowRows, requestRows, requestsOf } from '../traffic/traffic-rows.ts';
import type { TrafficAnswer } from '../target/traffic.ts';
import { age } from '../terminal/duration.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { table, type Column } from '../terminal/table.ts';
import type { Io } from '../terminal/io.ts';
import { textOption, withTarget, type CommandContext } from './context.ts';
import { podNameOf } from './pod-findings.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
const ROWS = 40;

/** What tells the two commands apart. */
interface Part {
  readonly show: (
    traffic: PodTraffic,
    io: Io,
    options: { readonly wide: boolean; readonly limit: number },
  ) => void;
  readonly only: (traffic: PodTraffic) => PodTraffic;
}

const ofRole = (traffic: PodTraffic, role: TrafficRole | null): PodTraffic =>
  role === null
    ? traffic
    : {
        ...traffic,
        requests: traffic.requests.filter((window) => window.role === role),
        flows: traffic.flows.filter((window) => window.role === role),
      };

function printRows<Row>(io: Io, columns: readonly Column<Row>[], rows: readonly Row[], wide: boolean): void {
  if (rows.length > 0) io.out(`${table(columns, rows, wide ? null : io.columns)}\n`);
}

const showRequests: Part['show'] = (traffic, io, { wide, limit }) => {
  const rows = requestRows(traffic.requests);
  const columns = requestColumns({ chalk: io.chalk, now: io.now(), wide });
  printRows(io, columns, rows.slice(0, limit), wide);
  if (rows.length === 0) io.note('# no HTTP requests; `kgossip flows` tells of connections');
  else
    io.note(
      '# percentiles are those of the worst window of each row: those of windows cannot be put together',
    );
  const others = rows.slice(limit);
  const requests = others.reduce((sum, row) => sum + requestsOf(row), 0);
  if (others.length > 0)
    io.note(`# other: ${requests} requests in ${others.length} more rows; --limit shows them`);
};

const showFlows: Part['show'] = (traffic, io, { wide, limit }) => {
  const rows = flowRows(traffic.flows);
  const columns = flowColumns({ chalk: io.chalk, now: io.now(), wide });
  printRows(io, columns, rows.slice(0, limit), wide);
  if (rows.length === 0) io.note('# no flows; `kgossip requests` tells of HTTP requests');
  if (rows.length > limit) io.note(`# other: ${rows.length - limit} more rows; --limit shows them`);
};

/** Since when all is there that was told, and what is not. */
function noteGaps({ traffic, silent }: TrafficAnswer, io: Io): void {
  io.note(`# what the operator was told in the last ${age(traffic.since, io.now())}; nothing older is kept`);
  if (traffic.left_out > 0) io.note(`# ${traffic.left_out} reports found no room and are missing`);
  for (const { replica, why } of silent) {
    io.note(`# ${replica} did not answer, and what it holds is missing: ${why}`);
  }
}

function trafficCommand(context: CommandContext, command: Command, { show, only }: Part): Command {
  return command
    .argument('<pod>', 'name of the pod, also as pod/NAME')
    .addOption(
      new Option('--role <role>', 'what the pod called or was called by').choices(['server', 'client']),
    )
    .option('--limit <rows>', 'how many rows to print', wholeNumberFrom(1, 10_000), ROWS)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'))
    .action(async (pod: string, _given: unknown, given: Command) => {
      await withTarget(context, given, async (target, { namespace: named }) => {
        const { io } = context;
        const namespace = named ?? target.defaultNamespace;
        if (namespace === null) {
          throw new KernelGossipError('KG_USAGE', 'Say in which namespace the pod is, with -n.');
        }
        const answer = await target.traffic({ namespace, name: podNameOf(pod) });
        const options = given.opts<Readonly<Record<string, unknown>>>();
        const role = textOption(options, 'role') as TrafficRole | null;
        const traffic = ofRole(answer.traffic, role);
        const format = textOption(options, 'output');
        if (format === 'json') io.out(`${toJson(only(traffic))}\n`);
        else if (format === 'yaml') io.out(toYaml(only(traffic)));
        else {
          const limit = typeof options.limit === 'number' ? options.limit : ROWS;
          show(traffic, io, { wide: format === 'wide', limit });
        }
        noteGaps(answer, io);
      });
    });
}

const HELD = `
The operator keeps what it is told by Pixie or OpenTelemetry for 30 minutes, in memory: a replica that restarts forgets it.
In a cluster every replica is asked, by port-forward; with --url the one that answers there.`;

/** `kgossip requests <pod>`. */
export const requestsCommand = (context: CommandContext): Command =>
  trafficCommand(
    context,
    new Command('requests')
      .description(
        'List the HTTP requests that a pod answered and sent: failures first, with the latency of the worst window.',
      )
      .addHelpText(
        'after',
        `${HELD}
Paths are templates: {id} stands for what tells one thing from others; query strings, headers and bodies are never kept.

Examples:
  kgossip requests web-1 -n shop --role server
  kgossip requests web-1 -n shop -o json | jq '.requests[] | select(.status >= 500)'`,
      ),
    { show: showRequests, only: (traffic) => ({ ...traffic, flows: [] }) },
  );

/** `kgossip flows <pod>`. */
export const flowsCommand = (context: CommandContext): Command =>
  trafficCommand(
    context,
    new Command('flows')
      .description('List whom a pod calls and who calls it, and how much they exchange.')
      .addHelpText(
        'after',
        `${HELD}
Role client: the pod calls the other end; server: the other end calls the pod. SENT is what the pod sent.

Examples:
  kgossip flows web-1 -n shop
  kgossip flows web-1 -n shop --role client -o wide`,
      ),
    { show: showFlows, only: (traffic) => ({ ...traffic, requests: [] }) },
  );
