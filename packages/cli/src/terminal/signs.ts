/** What we draw with, and what stands for it where there is nothing but ASCII: one sign for one, so that widths stay. */
const IN_ASCII: Readonly<Record<string, string>> = {
  '▁': '_',
  '▂': '.',
  '▃': ',',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '█': '#',
  '░': ':',
  '·': '.',
  '◆': '*',
  '●': '*',
  '◀': '<',
  '→': '>',
  '↑': '^',
  '↓': 'v',
  '…': '~',
  '±': '~',
  '─': '-',
  '│': '|',
  '═': '=',
  '║': '|',
  '╔': '+',
  '╗': '+',
  '╚': '+',
  '╝': '+',
  '╟': '+',
  '╢': '+',
};
const DRAWN = new RegExp(`[${Object.keys(IN_ASCII).join('')}]`, 'g');

/** Text as a terminal can show it. */
export type Draw = (text: string) => string;

export const inAscii: Draw = (text) => text.replace(DRAWN, (sign) => IN_ASCII[sign] ?? sign);

/**
 * Whether the locale names a character set that is not UTF-8 (POSIX, Base Definitions 8.2: LC_ALL goes before LC_CTYPE,
 * and that before LANG). One that says nothing, as in many containers, is taken for UTF-8, which terminals are.
 */
export function isAsciiOnly(env: Readonly<Record<string, string | undefined>>): boolean {
  const named = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => (value ?? '') !== '');
  return named !== undefined && !/utf-?8/i.test(named);
}
