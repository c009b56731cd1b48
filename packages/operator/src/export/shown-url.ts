/** OTLP's own path for logs. */
export const LOGS_PATH = '/v1/logs';

/**
 * A URL as it may be logged. Receivers take keys in the user part, in the query, and in the path: of a path only
 * OTLP's own is shown.
 */
export function shownUrl(written: string): string {
  const url = URL.parse(written);
  if (url === null) return written === '' ? '' : 'no URL';
  const { origin, pathname } = url;
  if (pathname === '/') return origin;
  return `${origin}${pathname === LOGS_PATH ? LOGS_PATH : '/…'}`;
}
