/** Longest template, in characters. */
export const LONGEST_TEMPLATE = 256;
const MOST_SEGMENTS = 16;
/** A segment that is longer names one thing, not a kind of thing. */
const LONGEST_SEGMENT = 32;
const ID = '{id}';
/** Stands for the segments that were cut off. */
const MORE = '…';

/** What tells one thing from others of its kind. */
const IDS: readonly RegExp[] = [
  // Numbers, dates, versions with dots: digits and what stands between them.
  /^[\d.,:_+-]*\d[\d.,:_+-]*$/,
  // UUIDs, hashes, trace ids.
  /^(0x)?[0-9a-f]{8,}$/i,
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i,
  // A number glued to a word: order12345, INV-20240315.
  /\d{4}/,
  // Whom somebody is: ann@example.org, @ann.
  /@/,
  // Tokens and generated names: long, with digits among the letters.
  /^(?=.*\d).{16,}$/,
];

/** As a server reads it: %40 is @. What is not well-formed is read as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function templateSegment(segment: string): string {
  const read = decoded(segment);
  return segment.length > LONGEST_SEGMENT || IDS.some((id) => id.test(read)) ? ID : segment;
}

/** The path of a target: without query and fragment, matrix parameters (`;jsessionid=…`), scheme and authority. */
const pathOf = (target: string): string =>
  target
    .replace(/[?#].*$/s, '')
    .replaceAll(/;[^/]*/g, '')
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');

/**
 * The kind of thing that a path names: no query, no fragment, `{id}` for what tells one thing from others of its kind, and
 * of bounded length. Applied to a template it changes nothing.
 */
export function templatePath(target: string): string {
  const segments = pathOf(target).split('/').map(templateSegment);
  const kept: string[] = [];
  let length = 0;
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    length += segment.length + 1;
    // The first separator is none, so that much fits exactly; what goes on must leave room for the mark.
    const fits = length - 1 + (isLast ? 0 : MORE.length + 1) <= LONGEST_TEMPLATE;
    if (!fits || (!isLast && kept.length === MOST_SEGMENTS - 1)) return [...kept, MORE].join('/');
    kept.push(segment);
  }
  return kept.join('/') || '/';
}
