import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { offsetsOf, rangeOf, scrollFor, type Viewport } from '../model/visible-rows.ts';

export interface VirtualListOptions<R extends { readonly key: string }> {
  readonly label: string;
  readonly rows: readonly R[];
  /** How high a row is, in pixels. */
  readonly heightOf: (row: R) => number;
  readonly draw: (row: R) => ComponentChildren;
  /** The row to be brought into view and into focus. */
  readonly selected: string | null;
}

/** A list of which only the rows that are seen are drawn, however long it is. */
export function VirtualList<R extends { readonly key: string }>({
  label,
  rows,
  heightOf,
  draw,
  selected,
}: VirtualListOptions<R>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [viewport, setViewport] = useState<Viewport>({ top: 0, height: 0 });
  const offsets = useMemo(() => offsetsOf(rows.map(heightOf)), [rows, heightOf]);
  const { first, end } = rangeOf(offsets, viewport);

  const look = (): void => {
    const { current } = box;
    if (current !== null) setViewport({ top: current.scrollTop, height: current.clientHeight });
  };
  useLayoutEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    if (box.current !== null) observer.observe(box.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    const { current } = box;
    const row = rows.findIndex(({ key }) => key === selected);
    if (current === null || row === -1) return;
    current.scrollTop = scrollFor(offsets, row, { top: current.scrollTop, height: current.clientHeight });
    look();
  }, [selected]);
  useEffect(() => {
    box.current?.querySelector<HTMLElement>('[aria-current="true"]')?.focus({ preventScroll: true });
  }, [selected]);

  return (
    <div class="scroll" ref={box} onScroll={look}>
      <ul aria-label={label} style={{ height: `${offsets.at(-1) ?? 0}px` }}>
        {rows.slice(first, end).map((row, index) => (
          <li
            key={row.key}
            aria-setsize={rows.length}
            aria-posinset={first + index + 1}
            style={{ top: `${offsets[first + index] ?? 0}px`, height: `${heightOf(row)}px` }}
          >
            {draw(row)}
          </li>
        ))}
      </ul>
    </div>
  );
}
