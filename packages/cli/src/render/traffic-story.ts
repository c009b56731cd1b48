import {
  NOT_MEASURED,
  showMilliseconds,
  showPercent,
  visible,
  type KernelWhisper,
  type TrafficLatency,
  type TrafficSpan,
  type TrafficSummary,
} from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';
import { bulleted, headed, indented, type Paper } from './paper.ts';
import { marked } from './words.ts';

const failures = ({ server_error_percent: percent }: TrafficSpan): string => `5xx ${showPercent(percent)}`;

const span = ({ from, to }: TrafficSpan, now: number): string =>
  `in windows from ${age(from, now)} to ${age(to, now)} ago`;

function sentence({ during, before, source, provenance }: TrafficSummary, now: number): string {
  const requests = during.requests === 1 ? 'request' : 'requests';
  const earlier =
    before === null
      ? `before that: ${NOT_MEASURED}`
      : `before that ${before.requests}, ${failures(before)} (${span(before, now)})`;
  return `while it was throttled, it answered ${during.requests} ${requests}, ${failures(during)} (${span(during, now)}); ${earlier}. From ${marked(provenance, visible(source))}.`;
}

const latencyText = ({
  method,
  path,
  requests,
  p99_ms: p99,
  before_p99_ms: before,
}: TrafficLatency): string =>
  `${visible(method)} ${visible(path)}: ${requests} answered; p99 of the worst window ${showMilliseconds(p99)}, before ${showMilliseconds(before)}`;

/** What the pod answered while it was throttled, and before. No line where nobody told. */
export function trafficStory({ status }: KernelWhisper, paper: Paper): readonly string[] {
  const traffic = status?.traffic ?? null;
  if (traffic === null) return [];
  return [
    ...headed('Meanwhile:', sentence(traffic, paper.now), paper),
    ...traffic.latencies.flatMap((latency) => bulleted('-', latencyText(latency), paper)),
    ...indented('It coincides; that is no proof of cause.', paper, 4),
  ];
}
