import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** PEM texts; the same stand in the folder as `ca.pem`, `cert.pem` and `key.pem`. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of its own and, signed by it, a certificate for localhost and 127.0.0.1, good for two days. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const request = async (...words: readonly string[]): Promise<void> => {
    await run('openssl', ['req', '-x509', ...KEY, ...words], { cwd: folder });
  };
  const pem = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');

  await request('-subj', '/CN=Kernel Gossip test CA', '-keyout', 'ca-key.pem', '-out', 'ca.pem');
  await request(
    ...['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE'],
    ...['-keyout', 'key.pem', '-out', 'cert.pem'],
  );
  return { ca: await pem('ca.pem'), cert: await pem('cert.pem'), key: await pem('key.pem') };
}
