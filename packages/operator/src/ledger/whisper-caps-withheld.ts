/** One that has no whisper although there is evidence of it. */
interface Withheld {
  readonly group: string;
  readonly seenMs: number;
}

/** More are not told apart: the count of a group is then too low, never too high. */
const MOST_WITHHELD = 10_000;

/**
 * Who is withheld at present. Nobody tells when one of them has calmed down, unless in words, so each is forgotten when
 * it was not heard of for as long as after which a whisper counts as over.
 */
export class WithheldSubjects {
  readonly #quietAfterMs: number;
  /** In the order in which they were last seen. */
  readonly #subjects = new Map<string, Withheld>();
  readonly #ofGroup = new Map<string, number>();

  constructor(quietAfterMs: number) {
    this.#quietAfterMs = quietAfterMs;
  }

  /** Groups with someone withheld. */
  groups(): Iterable<string> {
    return this.#ofGroup.keys();
  }

  countOf(group: string): number {
    return this.#ofGroup.get(group) ?? 0;
  }

  note(subject: string, group: string, nowMs: number): void {
    this.forget(subject);
    this.#subjects.set(subject, { group, seenMs: nowMs });
    this.#ofGroup.set(group, this.countOf(group) + 1);
    if (this.#subjects.size > MOST_WITHHELD) this.#forgetOldest();
  }

  forget(subject: string): void {
    const withheld = this.#subjects.get(subject);
    if (withheld === undefined) return;
    this.#subjects.delete(subject);
    const left = this.countOf(withheld.group) - 1;
    if (left === 0) this.#ofGroup.delete(withheld.group);
    else this.#ofGroup.set(withheld.group, left);
  }

  forgetQuiet(nowMs: number): void {
    for (const [subject, { seenMs }] of this.#subjects) {
      if (nowMs - seenMs < this.#quietAfterMs) return;
      this.forget(subject);
    }
  }

  #forgetOldest(): void {
    const oldest = this.#subjects.keys().next();
    if (oldest.done !== true) this.forget(oldest.value);
  }
}
