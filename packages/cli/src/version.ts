import { readFileSync } from 'node:fs';
import { textField } from './target/decode-answer.ts';

/** The version of this package, from its own package.json, which lies beside both `src` and `dist`. */
export const readVersion = (): string =>
  textField(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')), 'version') ??
  'unknown';
