import { readFileSync } from 'node:fs';

interface PackageJson {
  readonly version: string;
}

/** The version of this package, from its package.json, which lies beside `src` and `dist` alike. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as PackageJson
).version;
