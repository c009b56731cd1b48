import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The C program, compiled now, with its answers one by one. */
export function startC(directory: string, name: string, paths: readonly string[]) {
  const source = new URL('read-files.c', import.meta.url).pathname;
  const program = join(directory, 'read-files');
  const list = join(directory, name);
  execFileSync('cc', ['-O2', '-o', program, source]);
  writeFileSync(list, paths.map((path) => `${path}\n`).join(''));
  const child = spawn(program, [list], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async sweepMs(mode: 'o' | 'k'): Promise<number> {
      child.stdin.write(`${mode}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the C program ended early');
      return Number(value) / 1e6;
    },
    end: () => child.stdin.end(),
  };
}
