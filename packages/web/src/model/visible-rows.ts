/** Where each row begins, in pixels, and at last where the list ends. */
export function offsetsOf(heights: readonly number[]): readonly number[] {
  const offsets = [0];
  let end = 0;
  for (const height of heights) offsets.push((end += height));
  return offsets;
}

export interface Viewport {
  readonly top: number;
  readonly height: number;
}

/** The rows from `first` to before `end`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Rows drawn above and below what is seen, so that a scroll meets rows that are there already. */
const AROUND = 6;

/** Which rows are to be drawn: those that are seen, and a few around them. */
export function rangeOf(offsets: readonly number[], { top, height }: Viewport): Range {
  const count = offsets.length - 1;
  const first = Math.max(0, rowAt(offsets, top) - AROUND);
  const end = Math.min(count, rowAt(offsets, top + height) + 1 + AROUND);
  return { first: Math.min(first, count), end };
}

/** The row that covers this point: the last one that begins at or before it. */
function rowAt(offsets: readonly number[], point: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((offsets[middle] ?? 0) <= point) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where to scroll so that a row is seen as a whole; where it is seen already, nowhere. */
export function scrollFor(offsets: readonly number[], row: number, { top, height }: Viewport): number {
  const begin = offsets[row] ?? 0;
  const end = offsets[row + 1] ?? begin;
  if (begin < top) return begin;
  return end > top + height ? end - height : top;
}
