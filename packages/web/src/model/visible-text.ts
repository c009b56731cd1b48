/**
 * Everything that is not a visible character: controls, formats (bidirectional overrides, zero-width and tag characters),
 * lone surrogates, line and paragraph separators. A browser obeys some of them: a name with an override could read as
 * another one ("Trojan Source", CVE-2021-42574).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/** Text from outside as it may be shown: what cannot be seen is written out. */
export const visible = (text: string): string => text.replace(INVISIBLE, escapeOf);
