/** One event of a `text/event-stream`. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** Longest event taken. An object of ours is some kilobytes; a stream without line ends must not fill the memory. */
const LONGEST_EVENT = 4 * 1024 * 1024;

interface Draft {
  event: string;
  id: string | null;
  data: string[];
}

const emptyDraft = (): Draft => ({ event: 'message', id: null, data: [] });

function addLine(draft: Draft, line: string): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'event') draft.event = value;
  else if (field === 'id' && !value.includes('\0')) draft.id = value;
  else if (field === 'data') draft.data.push(value);
}

/** Lines of a byte stream, each ended by LF or CRLF. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_EVENT) throw new Error('a line longer than 4 MiB came in');
    for (const line of lines) yield line.replace(/\r$/, '');
  }
}

/** The events of a stream (HTML Standard, 9.2.6 "Interpreting an event stream"); comments are left out. */
export async function* serverEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let draft = emptyDraft();
  for await (const line of linesOf(chunks)) {
    if (line !== '') {
      addLine(draft, line);
      continue;
    }
    if (draft.data.length > 0 || draft.event !== 'message') {
      yield { event: draft.event, id: draft.id, data: draft.data.join('\n') };
    }
    draft = emptyDraft();
  }
}
