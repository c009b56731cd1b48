/** What is said about a pod and kept for a while. */
export interface Reported {
  /** Tells one report from another. */
  readonly id: string;
}

export interface TrafficLimits {
  /** For how many minutes after its window ended a report is kept. */
  readonly minutes: number;
  /** Most reports about one pod whose windows ended in the same minute. */
  readonly perPodAndMinute: number;
  /** Most reports in all. */
  readonly reports: number;
}

/** What became of a report: it is kept, was there already, is too old, or others of its minute weigh more. */
export type Noted = 'kept' | 'known' | 'old' | 'left-out';

/** The reports about one pod whose windows ended in one minute. */
interface Page<R> {
  readonly reports: Map<string, R>;
  leftOut: number;
}

const MINUTE_MS = 60_000;
const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS);

/**
 * The reports of the last minutes, in bounded memory. What it holds in the end does not depend on the order in which
 * reports came, and a report that comes twice counts once. Where there are too many about one pod in one minute, the
 * lightest are left out; where there are too many in all, the oldest minutes go.
 */
export class TrafficBook<R extends Reported> {
  readonly #limits: TrafficLimits;
  readonly #weightOf: (report: R) => number;
  readonly #pods = new Map<string, Map<number, Page<R>>>();
  readonly #podsByMinute = new Map<number, Set<string>>();
  /** What ended before this minute is not kept. */
  #firstMinute: number;
  #size = 0;

  constructor(limits: TrafficLimits, weightOf: (report: R) => number, nowMs: number) {
    this.#limits = limits;
    this.#weightOf = weightOf;
    this.#firstMinute = minuteOf(nowMs) - limits.minutes;
  }

  /** How many reports there are. */
  get size(): number {
    return this.#size;
  }

  get pods(): number {
    return this.#pods.size;
  }

  /** From when on all that came is here, but for what `leftOut` counts. */
  get sinceMs(): number {
    return this.#firstMinute * MINUTE_MS;
  }

  /** Notes a report about a pod, of a window that ended at `endMs`. */
  note(pod: string, report: R, endMs: number, nowMs: number): Noted {
    this.expire(nowMs);
    const minute = minuteOf(endMs);
    if (minute < this.#firstMinute) return 'old';
    const page = this.#pods.get(pod)?.get(minute);
    const known = page?.reports.get(report.id);
    if (page !== undefined && known !== undefined) {
      if (this.#compare(report, known) > 0) page.reports.set(report.id, report);
      return 'known';
    }
    if (page !== undefined && page.reports.size >= this.#limits.perPodAndMinute) {
      return this.#squeeze(page, report);
    }
    if (this.#makeRoom(minute)) {
      this.#pageOf(pod, minute).reports.set(report.id, report);
      this.#size += 1;
      return 'kept';
    }
    if (minute < this.#firstMinute) return 'old';
    if (page !== undefined) page.leftOut += 1;
    return 'left-out';
  }

  /** The reports about a pod, in no particular order. */
  of(pod: string): readonly R[] {
    return this.#pages(pod).flatMap(({ reports }) => [...reports.values()]);
  }

  /** How many reports about a pod found no room, as often as they came. */
  leftOut(pod: string): number {
    return this.#pages(pod).reduce((sum, { leftOut }) => sum + leftOut, 0);
  }

  /** Lets go of what is too old by now. */
  expire(nowMs: number): void {
    const first = minuteOf(nowMs) - this.#limits.minutes;
    if (first > this.#firstMinute) this.#forgetUntil(first);
  }

  #pages(pod: string): readonly Page<R>[] {
    return [...(this.#pods.get(pod)?.values() ?? [])];
  }

  #pageOf(pod: string, minute: number): Page<R> {
    const pages = this.#pods.get(pod) ?? new Map<number, Page<R>>();
    const page = pages.get(minute) ?? { reports: new Map<string, R>(), leftOut: 0 };
    this.#pods.set(pod, pages.set(minute, page));
    this.#podsByMinute.set(minute, (this.#podsByMinute.get(minute) ?? new Set()).add(pod));
    return page;
  }

  /** Puts a report on a page that is full: the lightest one goes, this one or another. */
  #squeeze(page: Page<R>, report: R): Noted {
    const { reports } = page;
    const lightest = [...reports.values()].reduce((a, b) => (this.#compare(a, b) <= 0 ? a : b), report);
    page.leftOut += 1;
    if (lightest === report) return 'left-out';
    reports.delete(lightest.id);
    reports.set(report.id, report);
    return 'kept';
  }

  /** Whether there is room for one more of this minute. Older minutes go for it; the only one there is does not. */
  #makeRoom(minute: number): boolean {
    while (this.#size >= this.#limits.reports) {
      const minutes = new Set([minute, ...this.#podsByMinute.keys()]);
      if (minutes.size === 1) return false;
      this.#forgetUntil(Math.min(...minutes) + 1);
      if (minute < this.#firstMinute) return false;
    }
    return true;
  }

  #forgetUntil(first: number): void {
    this.#firstMinute = first;
    const gone = [...this.#podsByMinute.entries()].filter(([minute]) => minute < first);
    for (const [minute, pods] of gone) {
      for (const pod of pods) this.#removePage(pod, minute);
      this.#podsByMinute.delete(minute);
    }
  }

  #removePage(pod: string, minute: number): void {
    const pages = this.#pods.get(pod);
    this.#size -= pages?.get(minute)?.reports.size ?? 0;
    pages?.delete(minute);
    if (pages?.size === 0) this.#pods.delete(pod);
  }

  /** Which of two reports weighs more. Of equal ones the same one does, whichever came first. */
  #compare(one: R, other: R): number {
    const weight = this.#weightOf(one) - this.#weightOf(other);
    if (weight !== 0) return weight;
    if (one.id !== other.id) return one.id < other.id ? -1 : 1;
    const [text, otherText] = [JSON.stringify(one), JSON.stringify(other)];
    return text < otherText ? -1 : Number(text > otherText);
  }
}
