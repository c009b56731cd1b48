import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverEvents, type ServerEvent } from './server-events.ts';

async function read(chunks: readonly Uint8Array[]): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  for await (const event of serverEvents(stream)) events.push(event);
  return events;
}

const STREAM =
  ': connected\n\nevent: hello\nid: a.1\ndata: {}\n\nevent: change\r\nid: a.2\r\ndata: {"name":"ü"}\r\n\r\n: still here\n\nevent: change\nid: a.3\ndata: cut';

describe('a stream of events', () => {
  it('is read the same however it is cut into pieces', async () => {
    const bytes = new TextEncoder().encode(STREAM);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.slice(at[index], end));
        expect(await read(chunks)).toEqual([
          { event: 'hello', id: 'a.1', data: '{}' },
          { event: 'change', id: 'a.2', data: '{"name":"ü"}' },
        ]);
      }),
    );
  });

  it('does not fill the memory with a line that never ends', async () => {
    const long = new TextEncoder().encode('x'.repeat(1024 * 1024));
    await expect(read([long, long, long, long, long])).rejects.toThrow('a line longer than 4 MiB');
  });
});
