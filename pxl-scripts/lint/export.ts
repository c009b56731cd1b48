import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { generated, locationOf } from './generated.ts';

/** Writes what is generated from the scripts, or with --check says what is not as it would be. */
const checks = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, text] of await generated()) {
  const location = locationOf(path);
  if (checks) {
    const standing = await readFile(location, 'utf8').catch(() => null);
    if (standing !== text) stale.push(path);
  } else {
    await mkdir(new URL('.', location), { recursive: true });
    await writeFile(location, text);
  }
}
if (stale.length > 0) {
  process.stderr.write(`Not up to date:\n${stale.map((path) => `  ${path}\n`).join('')}`);
  process.exitCode = 1;
}
