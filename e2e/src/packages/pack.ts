import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../command.ts';

/** The packages that are published, each behind those that it needs. */
export const PUBLISHED = [
  'packages/types',
  'pxl-scripts',
  'packages/web',
  'packages/observer',
  'packages/operator',
  'packages/cli',
] as const;

export interface Packed {
  readonly name: string;
  readonly version: string;
  /** File name of the archive. */
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
  /** Bytes of the archive, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
}

/** Builds all packages of a checkout as `npm run build` does, without Nx and its cache. */
export async function build(checkout: string): Promise<void> {
  await runOrThrow('npx', ['tsc', '--build', '--pretty', 'false'], { cwd: checkout });
  await runOrThrow('npm', ['run', 'build', '-w', 'kernel-gossip-web'], { cwd: checkout });
}

/** Packs a package of a checkout into a folder. */
export async function pack(checkout: string, folder: string, into: string): Promise<Packed> {
  mkdirSync(into, { recursive: true });
  const said = await runOrThrow('npm', ['pack', '--json', '--pack-destination', into], {
    cwd: join(checkout, folder),
  });
  // npm 10 and 11 print a list, npm 12 an object by name.
  const packed = Object.values(JSON.parse(said) as Readonly<Record<string, Packed>>)[0];
  if (packed === undefined) throw new Error(`npm pack said nothing about ${folder}`);
  return packed;
}
