import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTransport, type Transport } from '../src/deliver/transport.ts';
import { makeFolder } from './folder.ts';

const PATIENCE = { silence: 200, total: 600 };
const post = (transport: Transport) =>
  transport.post(Buffer.from('[]'), { 'content-type': 'application/json' });

/** Listens until the test ends, and gives its port. */
async function serve(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
async function connect(answer: RequestListener): Promise<Transport> {
  const port = await serve(createServer(answer));
  const transport = createTransport(new URL(`http://127.0.0.1:${port}/`), null, PATIENCE);
  onTestFinished(() => transport.close());
  return transport;
}

describe('the transport', () => {
  it('waits no longer than it has patience for a server that says nothing', async () => {
    const transport = await connect(() => undefined);
    await expect(post(transport)).rejects.toThrow('silence for 0.2 s');
  });

  it('waits no longer than that for one that says a byte at a time', async () => {
    const transport = await connect((_, response) => {
      response.writeHead(202);
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    });
    await expect(post(transport)).rejects.toThrow(/abort/);
  });

  it('does not read an answer that is no operator’s to its end', async () => {
    const transport = await connect((_, response) => response.end(Buffer.alloc(3_000_000)));
    expect(await post(transport)).toMatchObject({ status: 200, body: null });
  });

  it('ends what is under way when it is closed', async () => {
    const transport = await connect(() => undefined);
    const posted = post(transport);
    transport.close();
    await expect(posted).rejects.toThrow(/abort|socket hang up/);
  });

  it('trusts the certificates that it was given, and no others', async () => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.writeHead(202, { 'retry-after': '3' }).end('{}'),
    );
    const target = new URL(`https://127.0.0.1:${await serve(secure)}/`);
    const [trusting, strict] = [readFileSync(cert), null].map((ca) => createTransport(target, ca, PATIENCE));
    expect(await post(trusting!)).toEqual({ status: 202, retryAfter: '3', body: '{}' });
    expect(await post(trusting!)).toMatchObject({ status: 202 });
    await expect(post(strict!)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    trusting!.close();
    strict!.close();
  });
});
