import type { FlowWindow, RequestWindow } from 'kernel-gossip-types';

/** Windows of one kind, as one source reported them. Their counts are added, their percentiles are not. */
export interface TrafficRow<W> {
  /** What they have in common is the same in each of them. */
  readonly one: W;
  readonly windows: readonly W[];
  /** When the first window began and the last one ended, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

interface Spanned {
  readonly from: string;
  readonly to: string;
}

function rowsBy<W extends Spanned>(
  windows: readonly W[],
  kindOf: (window: W) => readonly unknown[],
): readonly TrafficRow<W>[] {
  const groups = new Map<string, W[]>();
  for (const window of windows) {
    const key = JSON.stringify(kindOf(window));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [window]);
    else group.push(window);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [one] = group;
      if (one === undefined) return [];
      const fromMs = Math.min(...group.map(({ from }) => Date.parse(from)));
      const toMs = Math.max(...group.map(({ to }) => Date.parse(to)));
      return [{ one, windows: group, fromMs, toMs }];
    });
}

/** The sum of what was measured; null where nothing was. */
export function sumOf<W>({ windows }: TrafficRow<W>, figure: (window: W) => number | null): number | null {
  const measured = windows.map(figure).filter((value) => value !== null);
  return measured.length === 0 ? null : measured.reduce((sum, value) => sum + value, 0);
}

export type RequestRow = TrafficRow<RequestWindow>;
export type FlowRow = TrafficRow<FlowWindow>;

export const requestsOf = (row: RequestRow): number => sumOf(row, ({ requests }) => requests) ?? 0;

export const isServerError = ({ status }: RequestWindow): boolean => status !== null && status >= 500;

/** Failures first, then what is asked most. */
export const requestRows = (windows: readonly RequestWindow[]): readonly RequestRow[] =>
  [
    ...rowsBy(windows, ({ source, provenance, role, method, path, status, remote }) => [
      ...[role, path, method, status, remote, source, provenance],
    ]),
  ].sort(
    (a, b) => Number(isServerError(b.one)) - Number(isServerError(a.one)) || requestsOf(b) - requestsOf(a),
  );

const bytesOf = (row: FlowRow): number =>
  (sumOf(row, ({ bytes_sent }) => bytes_sent) ?? 0) +
  (sumOf(row, ({ bytes_received }) => bytes_received) ?? 0);

/** What carries most first. */
export const flowRows = (windows: readonly FlowWindow[]): readonly FlowRow[] =>
  [
    ...rowsBy(windows, ({ source, provenance, role, remote, remote_port, protocol }) => [
      ...[role, remote, remote_port, protocol, source, provenance],
    ]),
  ].sort((a, b) => bytesOf(b) - bytesOf(a));

/** The window whose answers took longest; null where no latency was measured. */
export const worstOf = ({ windows }: RequestRow): RequestWindow | null =>
  windows.reduce<RequestWindow | null>((worst, window) => {
    if (latencyOf(window) === null) return worst;
    return worst === null || (latencyOf(window) ?? 0) > (latencyOf(worst) ?? 0) ? window : worst;
  }, null);

/** By the highest percentile that was measured. */
const latencyOf = ({ p50_ms, p90_ms, p99_ms }: RequestWindow): number | null => p99_ms ?? p90_ms ?? p50_ms;
