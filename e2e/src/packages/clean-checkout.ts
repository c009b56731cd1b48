import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../install.ts';
import { PUBLISHED } from './pack.ts';

/** What is built by other tools and by no script of the packages: kgtrace, where it was built. */
const BUILT_ELSEWHERE = ['packages/observer/bpf/build'];

/** Every file that belongs to the repository, also those that are not committed yet. */
const files = (): readonly string[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(REPOSITORY, path)));

/** Links to our own packages are made anew, so that they lead to the copy; everything else leads to what is installed. */
function linkModules(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (name.startsWith('@')) linkModules(path, join(to, name));
    else symlinkSync(lstatSync(path).isSymbolicLink() ? readlinkSync(path) : path, join(to, name));
  }
}

/** A copy of the repository in which nothing is built, so that nothing old is packed. */
export function cleanCheckout(folder: string): void {
  for (const path of [...files(), ...BUILT_ELSEWHERE.filter((one) => existsSync(join(REPOSITORY, one)))]) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(join(REPOSITORY, path), join(folder, path), { recursive: true });
  }
  // npm puts what only one package needs, or needs in another version, into a folder of that package.
  for (const own of ['', ...PUBLISHED]) {
    const modules = join(REPOSITORY, own, 'node_modules');
    if (existsSync(modules)) linkModules(modules, join(folder, own, 'node_modules'));
  }
}
