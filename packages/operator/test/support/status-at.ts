import { request } from 'node:http';

/** Asks under another name than that of the server: `fetch` says itself which host it asks. A body is posted, as JSON. */
export const statusAt = (url: string, host: string, body?: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { Host: host, 'Content-Type': 'application/json' };
    request(url, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
