import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { Command, InvalidArgumentError } from 'commander';
import { TABLE_NAMES } from 'kernel-gossip-pxl-scripts';
import { KernelGossipError, messageOf, visible } from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { ingest } from '../ingest/ingest.ts';
import { beginTally, type Tally, type TableTally } from '../ingest/tally.ts';
import { withTarget, type CommandContext } from './context.ts';

/** As long as an observation's source may be. */
const LONGEST_SOURCE = 63;

function sourceFrom(text: string): string {
  if (text === '' || text.length > LONGEST_SOURCE)
    throw new InvalidArgumentError(`It must have 1 to ${LONGEST_SOURCE} characters.`);
  return text;
}

/** What stands in a file, until its end or until the person has had enough. */
async function* textOf(file: string, signal: AbortSignal): AsyncGenerator<string> {
  const stream: Readable = file === '-' ? process.stdin : createReadStream(file);
  stream.setEncoding('utf8');
  addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream) yield chunk as string;
  } catch (error) {
    if (signal.aborted) return;
    const name = file === '-' ? 'the input' : file;
    throw new KernelGossipError('KG_USAGE', `${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

const rowsText = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;

function tableLine(table: string, { rows, accepted, rejected, untold, elsewhere }: TableTally): string {
  const others = elsewhere === 0 ? '' : `, ${elsewhere} of other namespaces`;
  const quiet = untold === 0 ? '' : `, ${untold} without news`;
  return `${table}: ${rowsText(rows)}, ${accepted} accepted, ${rejected} rejected${quiet}${others}`;
}

function report({ io }: CommandContext, tally: Tally): void {
  const seen = Object.entries(tally.tables).filter(([, { rows }]) => rows > 0);
  for (const [table, counts] of seen) io.out(`${tableLine(table, counts)}\n`);
  for (const [table, count] of tally.unknown)
    io.out(`${visible(table)}: ${rowsText(count)} of a table that is not known\n`);
  if (tally.bad > 0) io.out(`not rows: ${tally.bad}\n`);
  for (const wrong of tally.wrong) io.note(wrong);
  const more = tally.wrongCount - tally.wrong.length;
  if (more > 0) io.note(`… and ${more} more like these.`);
  if (tally.waits > 0)
    io.note(`# the intake was full ${tally.waits} ${tally.waits === 1 ? 'time' : 'times'}`);
  if (tally.unknown.size > 0) io.note(`Known are: ${TABLE_NAMES.join(', ')}.`);
}

const isNothing = ({ tables, unknown, bad }: Tally): boolean =>
  bad === 0 && unknown.size === 0 && Object.values(tables).every(({ rows }) => rows === 0);

/** Whether all that there was could be understood and was taken: rows without news are no failure. */
function isWell({ tables, unknown, bad }: Tally): boolean {
  const counts = Object.values(tables);
  const isForUs = unknown.size === 0 || counts.some(({ rows }) => rows > 0);
  return bad === 0 && isForUs && counts.every(({ rejected }) => rejected === 0);
}

/** `kgossip ingest`. */
export const ingestCommand = (context: CommandContext): Command =>
  new Command('ingest')
    .description('Send what Pixie measured: rows of our PxL scripts, as `px run -o json` prints them.')
    .option('-f, --file <file>', 'file with the rows; - is standard input', '-')
    .option('--source <name>', 'who saw it, as the findings shall say', sourceFrom, 'pixie')
    .option('--skip-bad', 'go on after lines that are no rows')
    .addHelpText(
      'after',
      `
One JSON object a line with the table in _tableName_, or an array of such objects. Each row is judged by itself: below the
thresholds of the observer it is no news, and nothing is sent of it. With -n, only rows about pods of that namespace are sent.

Examples:
  px run -f cpu_throttle_detector.pxl -o json | kgossip ingest
  kgossip ingest -f rows.json -n shop --skip-bad`,
    )
    .action(async (given: Readonly<Record<string, unknown>>, command: Command) => {
      const { io, exitWith } = context;
      await withTarget(context, command, async (target, { namespace }) => {
        const { signal } = io;
        const tally = beginTally();
        const options = {
          source: String(given.source),
          namespace,
          skipsBad: given.skipBad === true,
          signal,
        };
        try {
          const input = textOf(String(given.file), signal);
          await ingest(input, (rows) => target.send(rows), options, tally);
        } finally {
          report(context, tally);
        }
        if (isNothing(tally)) io.note('There were no rows.');
        if (!isWell(tally)) exitWith(EXIT.usage);
      });
    });
