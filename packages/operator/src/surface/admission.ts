/** How much may be in the hands of the intake at a time; what goes beyond is told to come back. */
export interface AdmissionLimits {
  readonly requests: number;
  readonly bytes: number;
}

/** Counts what is in the hands of the intake, so that memory stays bounded however many senders there are. */
export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Takes a request of at most this many bytes in, unless the intake is full. `leave` must follow. */
  enter(bytes: number): boolean {
    if (this.#requests >= this.#limits.requests || this.#bytes + bytes > this.#limits.bytes) return false;
    this.#requests += 1;
    this.#bytes += bytes;
    return true;
  }

  leave(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
  }
}
