const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;
const DURATION = new RegExp(`^(?:${PART.source})+$`);

/** A length of time as Go writes it, like `15.5s` or `1m0s`, in seconds; null where it is none, or not a positive one. */
export function parseGoDuration(text: string): number | null {
  if (!DURATION.test(text)) return null;
  const seconds = [...text.matchAll(PART)].reduce(
    (sum, [, value, unit]) => sum + Number(value) * (UNIT_SECONDS[unit ?? ''] ?? Number.NaN),
    0,
  );
  // Go counts whole nanoseconds; what a sum of doubles adds below them is not in the text.
  return seconds > 0 && Number.isFinite(seconds) ? Number(seconds.toFixed(9)) : null;
}
