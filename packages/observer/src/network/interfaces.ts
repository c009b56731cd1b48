/** What one direction of an interface counted since it was made. */
export interface Direction {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly drops: number;
}

export interface InterfaceCounters {
  /** Like `eth0`. */
  readonly name: string;
  readonly received: Direction;
  readonly sent: Direction;
}

/** A namespace's talk with itself is no network. */
const LOOPBACK = 'lo';

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

function directionOf(names: readonly string[], values: readonly string[]): Direction | null {
  const of = (name: string): number => {
    const text = values[names.indexOf(name)] ?? '';
    return /^\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
  };
  const direction = { bytes: of('bytes'), packets: of('packets'), errors: of('errs'), drops: of('drop') };
  return Object.values(direction).every((value) => Number.isSafeInteger(value)) ? direction : null;
}

function parseLine(
  line: string,
  receivedNames: readonly string[],
  sentNames: readonly string[],
): InterfaceCounters | null {
  const colon = line.indexOf(':');
  if (colon < 0) return null;
  const name = line.slice(0, colon).trim();
  const values = wordsOf(line.slice(colon + 1));
  if (name === '' || values.length !== receivedNames.length + sentNames.length) return null;
  const received = directionOf(receivedNames, values.slice(0, receivedNames.length));
  const sent = directionOf(sentNames, values.slice(receivedNames.length));
  return received === null || sent === null ? null : { name, received, sent };
}

/**
 * Reads the text of `/proc/<pid>/net/dev`: all interfaces but `lo`. Columns go by the names of the second line. Total: a
 * line that is cut off or is none is left out.
 */
export function parseNetDev(text: string): readonly InterfaceCounters[] {
  const [, header = '', ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const [, received, sent] = header.split('|');
  if (received === undefined || sent === undefined) return [];
  const receivedNames = wordsOf(received);
  const sentNames = wordsOf(sent);
  return lines
    .map((line) => parseLine(line, receivedNames, sentNames))
    .filter((counters) => counters !== null)
    .filter(({ name }) => name !== LOOPBACK);
}
