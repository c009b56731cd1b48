import { stripVTControlCharacters } from 'node:util';

/** Blocks whose characters take two columns (Unicode's East Asian Width W and F, and emoji), coarsely. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

const widthOfCharacter = (character: string): number => {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
};

/** How many columns a visible text takes. */
export const widthOf = (text: string): number =>
  /^[\x20-\x7e]*$/.test(text)
    ? text.length
    : Array.from(text).reduce((sum, c) => sum + widthOfCharacter(c), 0);

/** How many columns a text takes that is painted already. */
export const widthOfPainted = (text: string): number => widthOf(stripVTControlCharacters(text));

/** The text, cut to so many columns, with an ellipsis where something was cut away. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    const next = width + widthOfCharacter(character);
    if (next > columns - 1) break;
    kept += character;
    width = next;
  }
  return columns <= 0 ? '' : `${kept}…`;
}

/** The text, filled up with spaces to so many columns. */
export const pad = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - widthOf(text)));

function pieces(word: string, columns: number): readonly string[] {
  const found: string[] = [''];
  for (const character of word) {
    const last = found.length - 1;
    const longer = (found[last] ?? '') + character;
    if (widthOf(longer) > columns) found.push(character);
    else found[last] = longer;
  }
  return found;
}

/** The text in lines of at most so many columns, broken at spaces; a longer word is broken anywhere. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, Math.max(1, columns)))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A space at which `wrap` does not break. */
const UNBROKEN = '\u00a0';

/** Parts beside each other, in lines of at most so many columns; one that fits into a line is not broken. */
export const wrapParts = (parts: readonly string[], columns: number): readonly string[] =>
  wrap(parts.map((part) => part.replaceAll(' ', UNBROKEN)).join('   '), columns).map((line) =>
    line.replaceAll(UNBROKEN, ' ').trimEnd(),
  );
