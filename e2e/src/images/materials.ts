import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package that modules of a bundle come from. */
export interface UsedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; null where it says none. */
  readonly license: string | null;
  readonly directory: string;
}

const LICENSE_FILE = /^(licen[cs]e|notice|copying)/i;

/** The packages of these modules, each once, by name. Modules that are no files (a bundler's own) have none. */
export function packagesOf(moduleIds: readonly string[]): readonly UsedPackage[] {
  const directories = new Set(moduleIds.filter((id) => id.startsWith('/')).map(dirname));
  const found = new Map<string, UsedPackage>();
  for (const directory of directories) {
    const used = packageAround(directory);
    if (used !== null) found.set(used.directory, used);
  }
  return [...found.values()].sort((a, b) => compare(keyOf(a), keyOf(b)));
}

const keyOf = ({ name, version }: UsedPackage): string => `${name}@${version}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A package.json without a name and a version only says how the files of its folder are to be read. */
function packageAround(directory: string): UsedPackage | null {
  const path = join(directory, 'package.json');
  if (existsSync(path)) {
    const { name, version, license } = JSON.parse(readFileSync(path, 'utf8')) as Partial<UsedPackage>;
    if (name !== undefined && version !== undefined) {
      return { name, version, license: license ?? null, directory };
    }
  }
  return directory === dirname(directory) ? null : packageAround(dirname(directory));
}

/** CycloneDX 1.5. No time and no serial number, so that equal images have equal files. */
export function billOfMaterials(
  own: { readonly name: string; readonly version: string },
  packages: readonly UsedPackage[],
  linked: readonly { readonly name: string; readonly license: string }[],
): string {
  const parts = packages.filter(({ name }) => name !== own.name);
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', name: own.name, version: own.version } },
    components: [
      ...parts.map(({ name, version, license }) => ({
        type: 'library',
        name,
        version,
        purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
        ...(license === null ? {} : { licenses: [{ expression: license }] }),
      })),
      ...linked.map(({ name, license }) => ({ type: 'library', name, licenses: [{ expression: license }] })),
    ],
  };
  return `${JSON.stringify(bom, undefined, 1)}\n`;
}

/** A bundle leaves these files behind, and most licenses want them to go along. */
export function licenseTexts(packages: readonly UsedPackage[]): string {
  return packages
    .flatMap((used) =>
      readdirSync(used.directory)
        .filter((file) => LICENSE_FILE.test(file))
        .map(
          (file) => `${keyOf(used)}: ${file}\n\n${readFileSync(join(used.directory, file), 'utf8').trim()}\n`,
        ),
    )
    .join(`\n${'-'.repeat(80)}\n\n`);
}
