import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execFileSync, spawn } from 'node:child_process';
import { onTestFinished, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** A command of the shell that comes after it; then the shell has job control, and it can be suspended. Null: nobody could continue it. */
  readonly afterwards?: string | null;
  readonly env?: Readonly<Record<string, string>>;
}

/** `kgossip` in a terminal of its own. */
export interface TerminalSession {
  /** All that was written, escape sequences and all. */
  raw(): string;
  /** What a person sees now. */
  screen(): string;
  sees(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, once it has ended. */
  ended(): Promise<number>;
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export const ESCAPE = '\u001b';
/** The sequences that `terminal/screen.ts` sends, and colours. */
const SEQUENCE = new RegExp(`${ESCAPE}\\[([?0-9;]*)([A-Za-z])|[^${ESCAPE}]+`, 'g');

/** What a terminal shows that was sent this. It knows no more than what is sent, and throws at anything else. */
export function shownBy(raw: string): string {
  let lines: string[] = [];
  let row = 0;
  const apply = (parameters: string, command: string): void => {
    if (command === 'H') row = Number(parameters.split(';')[0]) - 1;
    else if (command === 'K') lines[row] = '';
    else if (command === 'J') lines = parameters === '2' ? [] : lines.slice(0, row);
    else if (!'hlm'.includes(command)) throw new Error(`an unknown sequence ends with ${command}`);
  };
  for (const [whole, parameters, command] of raw.matchAll(SEQUENCE)) {
    if (command === undefined) lines[row] = (lines[row] ?? '') + whole;
    else apply(parameters ?? '', command);
  }
  return Array.from(lines, (line: string | undefined) => line?.trimEnd() ?? '').join('\n');
}

/** Runs it by `script` of util-linux, which makes a real pseudo-terminal. */
export function inTerminal(argv: readonly string[], options: TerminalOptions = {}): TerminalSession {
  const { columns = 100, rows = 30, afterwards = null, env = {} } = options;
  const node = [process.execPath, '--conditions=@kernel-gossip/source', MAIN, ...argv].map(quote).join(' ');
  const job = afterwards === null ? node : `set -m; ${node}; ${afterwards}`;
  // The settings of the terminal afterwards must be those of before.
  const line = `stty rows ${rows} cols ${columns}; before=$(stty -g); ${job}; code=$?; [ "$(stty -g)" = "$before" ] || echo SPOILT; exit $code`;
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    // Nothing is inherited: colours and signs depend on CI, NO_COLOR, FORCE_COLOR, COLORTERM, LC_ALL and others.
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.stdin.destroy();
    child.kill('SIGKILL');
  });
  const chunks: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const exited = once(child, 'close') as Promise<[number]>;
  const raw = (): string => chunks.join('');
  const screen = (): string => shownBy(raw().split('\u001b[?1049h').at(-1) ?? '');
  const childrenOf = (pid: number): readonly number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  /** script starts a shell, and the shell starts us. */
  const pid = (): number => {
    const [shell] = childrenOf(child.pid ?? 0);
    const [own] = childrenOf(shell ?? 0);
    if (own === undefined) throw new Error('it does not run');
    return own;
  };
  return {
    raw,
    screen,
    sees: async (text) => {
      await vi.waitFor(
        () => {
          const now = screen();
          if (!(typeof text === 'string' ? now.includes(text) : text.test(now)))
            throw new Error(`no ${String(text)} on:\n${now}`);
        },
        { timeout: 20_000, interval: 50 },
      );
    },
    type: (keys) => child.stdin.write(keys),
    resize: (width, height) => {
      execFileSync('stty', ['-F', `/proc/${pid()}/fd/0`, 'cols', String(width), 'rows', String(height)]);
    },
    kill: (signal) => {
      process.kill(pid(), signal);
    },
    ended: async () => (await exited)[0],
  };
}
