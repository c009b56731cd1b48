/** What was pressed: the name of a key, or the one character that was typed. */
export type Key = string;

// The numbers are those of VT220, the letters those of xterm's normal and application mode.
const NAMED: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'backspace',
  '\b': 'backspace',
};
const BY_END: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'pageUp',
  '6~': 'pageDown',
};
const PRESSED = new RegExp(`\u001b[[O]([\\d;]*[A-Za-z~])|[^]`, 'gu');

/** The keys of one piece of what a terminal sends; a sequence that means nothing here is left out. */
export const keysOf = (text: string): readonly Key[] =>
  Array.from(text.matchAll(PRESSED)).flatMap(([whole, end]) => {
    const key = end === undefined ? (NAMED[whole] ?? whole) : BY_END[end];
    return key === undefined ? [] : [key];
  });
