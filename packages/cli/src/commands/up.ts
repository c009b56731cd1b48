import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { visible } from 'kernel-gossip-types';
import { wholeNumberFrom } from '../options.ts';
import type { Io } from '../terminal/io.ts';
import type { OneMachine } from '../up/one-machine.ts';
import { textOption, type CommandContext } from './context.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** `$XDG_STATE_HOME/kernel-gossip` (XDG Base Directory Specification 0.8). */
export function defaultDataDir(env: Io['env']): string {
  const state = env.XDG_STATE_HOME;
  // The specification: a relative path is to be ignored.
  const base = state?.startsWith('/') === true ? state : join(env.HOME ?? homedir(), '.local', 'state');
  return join(base, 'kernel-gossip');
}

function greeting({ operator, observer, blind, births }: OneMachine, dataDir: string): string {
  const observing = blind === null ? 'not observed' : `not observed: ${blind}`;
  return `Kernel Gossip listens at ${operator.url}
  page       ${operator.url}/
  findings   ${dataDir}
  machine    ${observer === null ? observing : 'observed: CPU, memory and network of every container and unit'}${births === null ? '' : `\n  births     ${visible(births.text.replace(/^births: /, ''))}`}

Next, in another terminal:
  kgossip --url ${operator.url} whispers -A --watch
  kgossip --url ${operator.url} send-throttle --pod web-1 -n shop --container app --throttled 85.5

Ctrl-C ends it.
`;
}

/** Of its environment the observer gets here only what names a program on this machine. */
const observerFlags = (
  interval: string,
  { KGOSSIP_KGTRACE: kgtrace = '' }: Io['env'],
): Record<string, string> => (kgtrace === '' ? { interval } : { interval, kgtrace });

/** `kgossip up`: the one-machine mode. */
export const upCommand = ({ io }: CommandContext): Command =>
  new Command('up')
    .description(
      'Run the one-machine mode: an operator on SQLite, and an observer of this machine. No Kubernetes needed.',
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', wholeNumberFrom(0, 65_535), 8080)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'where findings are kept ($XDG_STATE_HOME/kernel-gossip)')
    .option('--no-observer', 'do not observe this machine; take what is sent only')
    .option('--interval <duration>', 'time between two samples, such as 500ms, 1s or 2m', '1s')
    .addOption(
      new Option('--log-level <level>', 'how loud the log on stderr is').choices(LOG_LEVELS).default('warn'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  kgossip up\n  kgossip up --port 18080 --data /var/lib/kernel-gossip',
    )
    .action(async (given: Readonly<Record<string, unknown>>) => {
      const dataDir = textOption(given, 'data') ?? defaultDataDir(io.env);
      // Loaded only here: operator and observer bring SQLite, Express and the metrics library with them.
      const { startOneMachine } = await import('../up/one-machine.ts');
      const machine = await startOneMachine({
        host: textOption(given, 'host') ?? '127.0.0.1',
        port: Number(given.port),
        dataDir,
        logLevel: LOG_LEVELS.find((level) => level === given.logLevel) ?? 'warn',
        observer:
          given.observer === false ? null : observerFlags(textOption(given, 'interval') ?? '1s', io.env),
      });
      io.out(greeting(machine, dataDir));
      try {
        if (!io.signal.aborted) await Promise.race([once(io.signal, 'abort'), machine.operator.ended]);
        io.note('ending: what is under way is finished first');
      } finally {
        await machine.close();
      }
    });
