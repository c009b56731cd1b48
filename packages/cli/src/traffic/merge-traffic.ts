import type { FlowWindow, PodTraffic, RequestWindow } from 'kernel-gossip-types';

/** What several replicas hold of one pod, put together: a window that two of them hold counts once. */
export function mergeTraffic([first, ...others]: readonly [PodTraffic, ...PodTraffic[]]): PodTraffic {
  return others.reduce(mergeTwo, first);
}

function mergeTwo(one: PodTraffic, other: PodTraffic): PodTraffic {
  // A name that several pods had: the latest one is meant.
  if (one.pod_uid !== other.pod_uid && one.pod_uid !== null && other.pod_uid !== null) {
    return latestEnd(one) >= latestEnd(other) ? one : other;
  }
  return {
    ...one,
    pod_uid: one.pod_uid ?? other.pod_uid,
    since: later(one.since, other.since),
    until: later(one.until, other.until),
    requests: union<RequestWindow>([one.requests, other.requests], ({ requests }) => requests),
    flows: union<FlowWindow>(
      [one.flows, other.flows],
      ({ bytes_sent, bytes_received }) => (bytes_sent ?? 0) + (bytes_received ?? 0),
    ),
    left_out: one.left_out + other.left_out,
  };
}

/** Of two reports with the same id the larger one counts: the smaller one was sent before all was in. */
function union<W extends { readonly id: string }>(
  [some, more]: readonly [readonly W[], readonly W[]],
  sizeOf: (window: W) => number,
): readonly W[] {
  const byId = new Map(some.map((window) => [window.id, window]));
  for (const window of more) {
    const known = byId.get(window.id);
    if (known === undefined || sizeOf(window) > sizeOf(known)) byId.set(window.id, window);
  }
  return [...byId.values()];
}

const later = (one: string, other: string): string => (Date.parse(other) > Date.parse(one) ? other : one);

const latestEnd = ({ requests, flows }: PodTraffic): number =>
  [...requests, ...flows].reduce((latest, { to }) => Math.max(latest, Date.parse(to)), 0);
