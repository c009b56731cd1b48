import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { REPOSITORY } from '../install.ts';
import type { CpioEntry } from './cpio.ts';

/** Where the repository is in the guest, below its root. */
export const GUEST_REPOSITORY = 'repository';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** These packages of the workspace and all that they depend on, at the same places below the repository as here. */
export function packageEntries(directories: readonly string[]): readonly CpioEntry[] {
  const found = new Set<string>();
  for (const directory of directories) addWithDependencies(join(REPOSITORY, directory), found);
  return [...found].flatMap((location) =>
    isOfWorkspace(location) ? [linkTo(location), ...workspaceFiles(location)] : installedFiles(location),
  );
}

function addWithDependencies(location: string, found: Set<string>): void {
  if (found.has(location)) return;
  found.add(location);
  for (const name of Object.keys(manifestOf(location).dependencies ?? {}))
    addWithDependencies(findPackage(location, name), found);
}

const manifestOf = (location: string): Manifest =>
  JSON.parse(readFileSync(join(location, 'package.json'), 'utf8')) as Manifest;

/** As Node looks for it: in the `node_modules` of the nearest directory upwards that has it. */
function findPackage(from: string, name: string): string {
  const candidate = join(from, 'node_modules', name);
  if (existsSync(candidate)) return realpathSync(candidate);
  if (dirname(from) === from) throw new Error(`${name} is not installed: run npm ci`);
  return findPackage(dirname(from), name);
}

const isOfWorkspace = (location: string): boolean => !location.includes('/node_modules/');

/** npm links the workspace's own packages into `node_modules`. */
const linkTo = (location: string): CpioEntry => ({
  type: 'link',
  path: join(GUEST_REPOSITORY, 'node_modules', manifestOf(location).name),
  target: join('..', relative(REPOSITORY, location)),
});

const workspaceFiles = (location: string): readonly CpioEntry[] =>
  entriesOf(location, ['package.json', ...globSync('src/**/!(*.test).ts', { cwd: location })]);

/** What a package has in its own `node_modules` is found as a dependency. */
const installedFiles = (location: string): readonly CpioEntry[] =>
  entriesOf(location, globSync('**/*', { cwd: location, exclude: (name) => name === 'node_modules' }));

const entriesOf = (location: string, paths: readonly string[]): readonly CpioEntry[] =>
  paths
    .map((path) => join(location, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({
      type: 'file',
      path: join(GUEST_REPOSITORY, relative(REPOSITORY, path)),
      content: readFileSync(path),
    }));
