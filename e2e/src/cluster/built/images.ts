import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { findProgramOrThrow } from './programs.ts';
import { tar, type TarEntry } from './tar.ts';

export const PAUSE_IMAGE = 'localhost/pause:3.10';
export const WORKLOAD_IMAGE = 'localhost/kernel-gossip-workload:e2e';

/** `docker save`'s names for processors, which are Go's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Both images are Debian's static busybox; the sandbox only has to stay, and containerd ends it with SIGKILL. */
export async function writeImages(directory: string): Promise<readonly string[]> {
  const layer = await busyboxLayer();
  return [
    writeImage(join(directory, 'pause.tar'), PAUSE_IMAGE, layer, ['/bin/sleep', '2147483647']),
    writeImage(join(directory, 'workload.tar'), WORKLOAD_IMAGE, layer, ['/bin/sh']),
  ];
}

async function busyboxLayer(): Promise<Buffer> {
  const busybox = findProgramOrThrow('busybox');
  const applets = (await runOrThrow(busybox, ['--list'])).trim().split('\n');
  const links = applets.filter((name) => name !== 'busybox');
  return tar([
    { type: 'directory', path: 'bin/' },
    { type: 'directory', path: 'etc/' },
    { type: 'directory', path: 'tmp/', mode: 0o1777 },
    { type: 'file', path: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ...links.map((name): TarEntry => ({ type: 'link', path: `bin/${name}`, target: 'busybox' })),
    { type: 'file', path: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
    { type: 'file', path: 'etc/group', content: Buffer.from('root:x:0:\n') },
  ]);
}

function writeImage(path: string, name: string, layer: Buffer, entrypoint: readonly string[]): string {
  writeFileSync(path, dockerArchive(name, layer, entrypoint));
  return path;
}

/** The format of `docker save` (moby/docker-image-spec, v1.2): manifest.json names a config and its layers. */
export function dockerArchive(name: string, layer: Buffer, command: readonly string[]): Buffer {
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: { Cmd: command, Env: ['PATH=/bin'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }];
  return tar([
    { type: 'file', path: configName, content: Buffer.from(config) },
    { type: 'file', path: 'layer.tar', content: layer },
    { type: 'file', path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
