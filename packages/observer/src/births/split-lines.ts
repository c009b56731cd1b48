const NEWLINE = 0x0a;

/** Puts the lines of a stream together again, however it was cut into chunks. */
export class LineSplitter {
  readonly #longest: number;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isSkipping = false;
  #tooLong = 0;

  /** A line of more than `longest` bytes is left out and counted: what is kept of an unended one stays bounded. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  get tooLong(): number {
    return this.#tooLong;
  }

  /** The lines that this chunk ends, without their newlines. */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      if (!this.#isSkipping) lines.push(Buffer.concat(this.#kept).toString('utf8'));
      this.#begin();
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  #begin(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#isSkipping = false;
  }

  #keep(part: Buffer): void {
    if (this.#isSkipping) return;
    this.#keptBytes += part.length;
    if (this.#keptBytes <= this.#longest) {
      this.#kept.push(part);
      return;
    }
    this.#begin();
    this.#isSkipping = true;
    this.#tooLong += 1;
  }
}
