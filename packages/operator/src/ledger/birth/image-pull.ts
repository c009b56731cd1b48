const PULLED = /^Successfully pulled image .* in (\S+) \(/;
const PART = /(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g;
const MILLISECONDS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** Go's time.Duration as text, like `1m2.5s`, in milliseconds; null where it is none. */
export function goDuration(text: string): number | null {
  const parts = [...text.matchAll(PART)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return null;
  const sum = parts.reduce(
    (total, [, value, unit = '']) => total + Number(value) * (MILLISECONDS[unit] ?? 0),
    0,
  );
  return Math.round(sum * 1000) / 1000;
}

/**
 * How long a pull took, in milliseconds, from the note of kubelet's Pulled event (pkg/kubelet/images/image_manager.go:
 * "Successfully pulled image %q in %v (%v including waiting)"); null where nothing was pulled.
 */
export function pulledIn(note: string): number | null {
  const duration = PULLED.exec(note)?.[1];
  return duration === undefined ? null : goDuration(duration);
}
