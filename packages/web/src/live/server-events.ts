/** One event of a `text/event-stream`. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** Longest line taken, in characters: an object of ours is some kilobytes. */
const LONGEST_LINE = 4 * 1024 * 1024;

function eventOf(lines: readonly string[]): ServerEvent | null {
  let event = 'message';
  let id: string | null = null;
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { event, id, data: data.join('\n') };
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Error('a line longer than 4 MiB came in');
    for (const line of lines) yield line.replace(/\r$/, '');
  }
}

/** The events of a stream (HTML Standard, 9.2.6 "Interpreting an event stream"); comments are left out. */
export async function* serverEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let lines: string[] = [];
  for await (const line of linesOf(chunks)) {
    if (line !== '') {
      lines.push(line);
      continue;
    }
    const event = eventOf(lines);
    lines = [];
    if (event !== null) yield event;
  }
}
