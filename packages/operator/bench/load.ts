import { Agent, request } from 'node:http';

/** Posts the same body so many times over so many connections; returns requests per second of wall time. */
export async function postMany(
  url: string,
  body: string,
  times: number,
  connections: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = times;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) {
        left -= 1;
        await postOnce(url, body, agent);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return times / seconds;
}

const postOnce = (url: string, body: string, agent: Agent): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 202) resolve();
        else reject(new Error(`answered ${response.statusCode ?? 0}`));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
