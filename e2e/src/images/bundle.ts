/**
 * Writes what is ours of an image, as it lies below its root: node bundle.ts <operator|observer> <folder>
 *
 * The program is a few files; what it reads while it runs lies beside them as it does in this repository, so that the
 * program finds it the same way in both.
 */
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown, type OutputChunk, type Plugin } from 'rolldown';
import { billOfMaterials, licenseTexts, packagesOf } from './materials.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
const FOLDER = 'opt/kernel-gossip';
const ABOUT = 'usr/share/kernel-gossip';
const SOURCE_CONDITION = '@kernel-gossip/source';

interface Deployable {
  /** Files and folders that the program reads, and where they lie in the image when not at the same place. */
  readonly data: readonly (readonly [from: string, to?: string])[];
  /** What else is brought along in built form, by the source that it is built from. */
  readonly builtFrom: readonly string[];
  /** What is linked into programs that are not JavaScript. */
  readonly linked: readonly { readonly name: string; readonly license: string }[];
}

const DEPLOYABLES: Readonly<Record<string, Deployable>> = {
  operator: {
    data: [
      ['packages/operator/package.json'],
      ['packages/operator/proto'],
      ['pxl-scripts/src/*.pxl'],
      ['packages/web/package.json', 'node_modules/kernel-gossip-web/package.json'],
      ['packages/web/dist', 'node_modules/kernel-gossip-web/dist'],
    ],
    builtFrom: ['packages/web/src/main.tsx'],
    linked: [],
  },
  observer: {
    data: [
      ['packages/observer/package.json'],
      [`packages/observer/bpf/build/kgtrace-${process.arch}`],
      [`packages/observer/bpf/build/licenses-${process.arch}.txt`],
    ],
    builtFrom: [],
    linked: [
      { name: 'libbpf', license: 'LGPL-2.1-only OR BSD-2-Clause' },
      { name: 'libelf', license: 'GPL-2.0-or-later OR LGPL-3.0-or-later' },
      { name: 'zlib', license: 'Zlib' },
      { name: 'glibc', license: 'LGPL-2.1-or-later' },
    ],
  },
};

/** In a bundle every module has the bundle's URL; this gives each of ours the one that it has in the repository. */
const ownPlaces: Plugin = {
  name: 'own-places',
  transform: (code, id) => {
    const place = relative(REPOSITORY, id);
    if (place.startsWith('..') || place.includes('node_modules')) return null;
    return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
  },
};

/** The first line of the program's `bin` file tells which Node flags it wants. */
const firstLineOf = (file: string): string => readFileSync(file, 'utf8').split('\n', 1)[0] ?? '';

async function bundleProgram(name: string, folder: string): Promise<readonly OutputChunk[]> {
  const program = `kernel-gossip-${name}`;
  const interpreter = firstLineOf(join(REPOSITORY, `packages/${name}/bin/${program}.js`));
  const build = await rolldown({
    input: { [program]: join(REPOSITORY, `packages/${name}/src/main.ts`) },
    platform: 'node',
    resolve: { conditionNames: [SOURCE_CONDITION, 'node'] },
    plugins: [ownPlaces],
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    banner: ({ isEntry }) => (isEntry ? interpreter : ''),
  });
  chmodSync(join(folder, `${program}.js`), 0o755);
  return output.filter((file) => file.type === 'chunk');
}

/** Only to learn what is in it: the page itself is built by its own package. */
async function chunksOf(source: string): Promise<readonly OutputChunk[]> {
  const build = await rolldown({
    input: join(REPOSITORY, source),
    platform: 'browser',
    resolve: { conditionNames: [SOURCE_CONDITION, 'module', 'browser'] },
    moduleTypes: { '.css': 'empty' },
  });
  const { output } = await build.generate({ format: 'esm' });
  return output.filter((file) => file.type === 'chunk');
}

function copyData(data: Deployable['data'], folder: string): void {
  for (const [from, to] of data) {
    const found = globSync(from, { cwd: REPOSITORY });
    if (found.length === 0) throw new Error(`there is no ${from}: build the workspace first`);
    for (const path of found) cpSync(join(REPOSITORY, path), join(folder, to ?? path), { recursive: true });
  }
}

async function writeDeployable(name: string, root: string): Promise<void> {
  const deployable = DEPLOYABLES[name];
  if (deployable === undefined) throw new Error(`there is no image of ${name}`);
  const folder = join(root, FOLDER);
  const about = join(root, ABOUT);
  for (const path of [folder, about]) mkdirSync(path, { recursive: true });
  const chunks = [
    ...(await bundleProgram(name, folder)),
    ...(await Promise.all(deployable.builtFrom.map(chunksOf))).flat(),
  ];
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  copyData(deployable.data, folder);
  const packages = packagesOf(chunks.flatMap(({ moduleIds }) => moduleIds));
  const own = JSON.parse(readFileSync(join(REPOSITORY, `packages/${name}/package.json`), 'utf8')) as {
    readonly name: string;
    readonly version: string;
  };
  writeFileSync(join(about, 'sbom.json'), billOfMaterials(own, packages, deployable.linked));
  writeFileSync(join(about, 'third-party-licenses.txt'), licenseTexts(packages));
  cpSync(join(REPOSITORY, 'LICENSE'), join(about, 'LICENSE'));
}

const [name, root] = process.argv.slice(2);
if (name === undefined || root === undefined)
  throw new Error('usage: bundle.ts <operator|observer> <folder>');
await writeDeployable(name, root);
