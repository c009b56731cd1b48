/** How much may be in the hands of the intake at a time; what goes beyond is told to come back. */
export interface AdmissionLimits {
  readonly requests: number;
  readonly bytes: number;
}

/** A request's place in the intake. */
export interface Place {
  /** Gives back what it turned out not to need. */
  shrinkTo(bytes: number): void;
  /** Once the request is over. */
  leave(): void;
}

/** Counts what is in the hands of the intake, so that memory stays bounded however many senders there are. */
export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** A place for a request of at most this many bytes; null when the intake is full. */
  enter(bytes: number): Place | null {
    if (this.#requests >= this.#limits.requests || this.#bytes + bytes > this.#limits.bytes) return null;
    this.#requests += 1;
    this.#bytes += bytes;
    let held = bytes;
    const shrinkTo = (needed: number): void => {
      this.#bytes -= Math.max(0, held - needed);
      held = Math.min(held, needed);
    };
    return {
      shrinkTo,
      leave: () => {
        shrinkTo(0);
        this.#requests -= 1;
      },
    };
  }
}
