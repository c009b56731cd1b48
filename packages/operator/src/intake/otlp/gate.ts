/** How much may be in work at a time. */
export interface GateLimits {
  /** Requests in work, and requests that wait for their turn. */
  readonly requests: number;
  /** Bytes of the bodies in work. */
  readonly bytes: number;
  /** How long a request waits before it is told to come back. */
  readonly patienceMs: number;
}

/** A request's place inside. */
export interface Place {
  /** Gives back what it turned out not to need. */
  shrinkTo(bytes: number): void;
  /** Once the request is over; again does nothing. */
  leave(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Bounds what is in memory however many senders there are. How large a body will be is mostly unknown before it is read, so each
 * request asks for the most it may need, and waits outside, unread, until there is that much room; in their order.
 */
export class Gate {
  readonly #limits: GateLimits;
  readonly #waiting = new Set<Waiting>();
  #requests = 0;
  #bytes = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** A place for a request of at most this many bytes; null when there are too many, or it waited too long. */
  enter(bytes: number): Promise<Place | null> {
    if (this.#requests >= this.#limits.requests) return Promise.resolve(null);
    this.#requests += 1;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        bytes,
        enter: () => {
          clearTimeout(overdue);
          resolve(this.#place(bytes));
        },
      };
      const overdue = setTimeout(() => {
        this.#waiting.delete(waiting);
        this.#requests -= 1;
        resolve(null);
        this.#letIn();
      }, this.#limits.patienceMs);
      this.#waiting.add(waiting);
      this.#letIn();
    });
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (this.#bytes + waiting.bytes > this.#limits.bytes) return;
      this.#waiting.delete(waiting);
      waiting.enter();
    }
  }

  #place(bytes: number): Place {
    this.#bytes += bytes;
    let held = bytes;
    let isInside = true;
    const shrinkTo = (needed: number): void => {
      this.#bytes -= Math.max(0, held - needed);
      held = Math.min(held, needed);
      this.#letIn();
    };
    return {
      shrinkTo,
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#requests -= 1;
        shrinkTo(0);
      },
    };
  }
}
