/**
 * Everything that is not a visible character: controls (C0, DEL, C1), formats (bidirectional overrides, zero-width and
 * tag characters), lone surrogates, line and paragraph separators. Terminals and browsers obey some of them, whoever wrote
 * them: a pod named with an escape sequence could retitle a window or hide a row, and one with an override read as
 * another ("Trojan Source", CVE-2021-42574).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/** Text from outside as it may be shown: one line, in which nothing acts on a terminal or a page. */
export const visible = (text: string): string => text.replace(INVISIBLE, escapeOf);
