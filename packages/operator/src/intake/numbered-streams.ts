import type { Sender } from '../authn/sender.ts';
import { SequenceLedger } from './sequence.ts';
import { SequenceTurns } from './sequence-turns.ts';

/** Where the observations of a request stand in their sender's stream. */
export interface StreamPosition {
  /** The sender's name for its stream. */
  readonly stream: string;
  /** The number of the request's first observation. */
  readonly first: number;
  /** How many observations the sender lost before it could number them, since the stream began. */
  readonly dropped: number;
}

/** Takes the observations of a stream once, however often they are sent. */
export class NumberedStreams {
  readonly #ledger = new SequenceLedger();
  readonly #turns = new SequenceTurns();
  readonly #onLost: (count: number) => void;

  /** `onLost` is told how many observations more a sender says it lost. */
  constructor(onLost: (count: number) => void) {
    this.#onLost = onLost;
  }

  /**
   * Does the work on what is new of `count` observations: all but the first `skip`. What throws counts as not taken. Without
   * a position everything is new.
   */
  async take<A>(
    sender: Sender,
    position: StreamPosition | null,
    count: number,
    work: (skip: number) => Promise<A>,
  ): Promise<A> {
    if (position === null) return work(0);
    const { first, dropped } = position;
    const stream = `${senderKey(sender)} ${position.stream}`;
    return this.#turns.inTurn(stream, async () => {
      const result = await work(this.#ledger.judge(stream, first, count).skip);
      const { lost } = this.#ledger.taken(stream, first + count, dropped);
      if (lost > 0) this.#onLost(lost);
      return result;
    });
  }
}

/** Nobody may say that something of another's stream was taken. */
const senderKey = (sender: Sender): string => {
  switch (sender.kind) {
    case 'anyone':
      return 'anyone';
    case 'observer':
      return `node/${sender.nodeName}`;
    case 'account':
      return `user/${sender.identity.username}`;
  }
};
