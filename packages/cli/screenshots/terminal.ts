import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));
const POLL_MS = 200;
/** A green `$`, as many have it. */
const PROMPT = '\u001b[32m$\u001b[39m ';
const CONFIG = 'set -g status off\nset -g default-terminal xterm-256color\n';

export interface TerminalOptions {
  /** A folder of its own, which is removed afterwards. */
  readonly folder: string;
  readonly columns: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A shell in a terminal, in which `kgossip` is found. */
export interface Terminal {
  /** Types this, and Enter behind it. */
  enter(command: string): void;
  /** What is shown now: its lines, with the sequences of its colours. */
  screen(): string;
  /** Waits until what is shown, its colours left out, is so. */
  sees(text: RegExp, withinMs: number): Promise<void>;
  close(): void;
}

export const hasTmux = (): boolean => spawnSync('tmux', ['-V']).error === undefined;

/** tmux is the terminal: it makes the pseudo-terminal, and knows what each sequence does to a screen. */
export function openTerminal({ folder, columns, rows, env, signal }: TerminalOptions): Terminal {
  const socket = join(folder, 'tmux');
  const config = join(folder, 'tmux.conf');
  writeFileSync(config, CONFIG);
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', config, ...args], {
      encoding: 'utf8',
      // Nothing else is inherited: colours and signs depend on CI, NO_COLOR, FORCE_COLOR, LC_ALL and others.
      env: {
        PATH: [BIN, dirname(process.execPath), process.env.PATH].join(':'),
        HOME: '/nonexistent',
        LANG: 'C.UTF-8',
        PS1: PROMPT,
        ...env,
      },
    });
  const size = ['-x', String(columns), '-y', String(rows)];
  tmux('new-session', '-d', ...size, 'bash', '--noprofile', '--norc');
  return {
    enter: (command) => {
      tmux('send-keys', '-l', '--', command);
      tmux('send-keys', 'Enter');
    },
    screen: () => tmux('capture-pane', '-p', '-e', '-N'),
    sees: async (text, withinMs) => {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const shown = tmux('capture-pane', '-p');
        if (text.test(shown)) return;
        if (performance.now() > deadline) throw new Error(`no ${String(text)} on:\n${shown}`);
        await sleep(POLL_MS, undefined, { signal });
      }
    },
    // It may have ended by itself.
    close: () => {
      spawnSync('tmux', ['-S', socket, 'kill-server']);
    },
  };
}
