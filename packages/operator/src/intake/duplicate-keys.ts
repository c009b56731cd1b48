/** A key that an object of a JSON text has more than once. */
export interface DuplicateKey {
  readonly key: string;
  /** Which item of the outermost array the object belongs to; 0 where the text is no array. */
  readonly index: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Whether a JSON text may hold an object with a key twice: then it has more keys than what was parsed from it.
 * Much cheaper than finding which ones, which is seldom needed.
 */
export const hasDuplicateKeys = (json: string, parsed: unknown): boolean =>
  countColons(json) !== countKeys(parsed);

function countColons(json: string): number {
  let colons = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at);
    else if (code === COLON) colons += 1;
  }
  return colons;
}

/** Counts without recursion: a text may be nested deeper than the stack. */
function countKeys(parsed: unknown): number {
  let keys = 0;
  const open: unknown[] = [parsed];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) keys += children.length;
    for (const child of children) if (typeof child === 'object' && child !== null) open.push(child);
  }
  return keys;
}

/**
 * Finds the keys that an object has twice, which `JSON.parse` hides: it keeps the last one, another reader the
 * first, and so one text says two things (RFC 8259 §4). One pass; the text must be valid JSON.
 * Keys are compared as written, so `"a"` and `"\u0061"` pass as different.
 */
export function duplicateKeys(json: string): readonly DuplicateKey[] {
  const scan: Scan = { found: [], open: [], index: 0 };
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code !== QUOTE) punctuation(scan, code);
    else {
      const end = endOfString(json, at);
      if (isKey(json, end)) noteKey(scan, json.slice(at + 1, end));
      at = end;
    }
  }
  return scan.found;
}

interface Scan {
  readonly found: DuplicateKey[];
  /** The objects (their keys so far) and arrays (null) around the place that is looked at, outermost first. */
  readonly open: (Set<string> | null)[];
  index: number;
}

function punctuation(scan: Scan, code: number): void {
  if (code === OPEN_BRACE) scan.open.push(new Set());
  else if (code === OPEN_BRACKET) scan.open.push(null);
  else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) scan.open.pop();
  else if (code === COMMA && scan.open.length === 1 && scan.open[0] === null) scan.index += 1;
}

function noteKey({ found, open, index }: Scan, key: string): void {
  const keys = open.at(-1);
  if (keys == null) return;
  if (keys.has(key)) found.push({ key, index });
  keys.add(key);
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isKey(json: string, endQuote: number): boolean {
  let at = endQuote + 1;
  while (json.charCodeAt(at) <= 0x20) at += 1;
  return json.charCodeAt(at) === COLON;
}
