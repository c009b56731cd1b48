/** What is shown. It stands in the address behind `#`, so that a link leads to it and nothing is sent to the operator. */
export type Route =
  | { readonly page: 'whispers'; readonly query: string }
  | { readonly page: 'births' }
  | { readonly page: 'pod'; readonly namespace: string; readonly pod: string };

const decoded = (part: string): string | null => {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
};

function podRoute(parts: readonly string[]): Route | null {
  const [namespace, pod] = parts.map(decoded);
  return namespace == null || pod == null || namespace === '' || pod === ''
    ? null
    : { page: 'pod', namespace, pod };
}

/** What an address asks for; whatever it does not say right leads to the whispers. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [page, ...rest] = path.split('/');
  if (page === 'births') return { page: 'births' };
  return (page === 'pods' ? podRoute(rest) : null) ?? { page: 'whispers', query };
}

/** The address of a pod's story. */
export const podHash = (namespace: string, pod: string): string =>
  `#/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}`;

/** The address of the whispers under filters. */
export const whispersHash = (query: string): string => (query === '' ? '#/' : `#/?${query}`);
