import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Packed } from './pack.ts';

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** Names that were asked for and are ours. */
  readonly asked: readonly string[];
}

const manifestIn = (archive: string): object =>
  JSON.parse(execFileSync('tar', ['-xzOf', archive, 'package/package.json'], { encoding: 'utf8' })) as object;

/**
 * A registry that has our packages, as if they were published, and sends everyone to the real one for all others: so
 * that `npm install` does exactly what it will do for a user.
 */
export async function startRegistry(folder: string, packages: readonly Packed[]): Promise<Registry> {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    const own = packages.find(({ name, filename }) => path === name || path === filename);
    if (own === undefined) {
      response.writeHead(302, { location: new URL(path, upstream).href }).end();
      return;
    }
    const archive = readFileSync(join(folder, own.filename));
    if (path === own.filename) {
      response.end(archive);
      return;
    }
    asked.push(own.name);
    const dist = {
      tarball: `${url}/${own.filename}`,
      integrity: `sha512-${createHash('sha512').update(archive).digest('base64')}`,
    };
    const manifest = { ...manifestIn(join(folder, own.filename)), dist };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name: own.name,
        'dist-tags': { latest: own.version },
        versions: { [own.version]: manifest },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
