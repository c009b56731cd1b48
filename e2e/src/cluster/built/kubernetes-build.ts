import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { say } from '../../say.ts';
import { withLock } from './build-lock.ts';

const SOURCE_DIRECTORY = join(import.meta.dirname, '../../../kubernetes');
const SOURCES = ['main.go', 'go.mod', 'go.sum'] as const;
const COMMANDS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
] as const;
const PROGRESS_EVERY_MS = 15_000;

/** The directory with the Kubernetes commands, built first when this version of the sources never was. */
export async function kubernetesBinaries(): Promise<string> {
  const goVersion = await goVersionOrThrow();
  const version = kubernetesVersionIn(readFileSync(join(SOURCE_DIRECTORY, 'go.mod'), 'utf8'));
  const cache = join(cacheDirectory(), 'kubernetes');
  const directory = join(cache, cacheKey(readSources(), goVersion));
  if (existsSync(directory)) {
    say(`Kubernetes ${version} is in the build cache: ${directory}`);
    return directory;
  }
  mkdirSync(cache, { recursive: true });
  await withLock(
    `${directory}.lock`,
    () => say(`another run is building Kubernetes ${version}; waiting for it`),
    async () => {
      if (!existsSync(directory)) await build(version, cache, directory);
    },
  );
  return directory;
}

export function cacheKey(sources: readonly string[], goVersion: string): string {
  const hash = createHash('sha256');
  for (const text of [...sources, goVersion, process.arch]) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 16);
}

export function kubernetesVersionIn(goMod: string): string {
  const version = /^\s*(?:require )?k8s\.io\/kubernetes (v\S+)/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('go.mod does not require k8s.io/kubernetes');
  return version;
}

/** Without the stamp the server calls itself v0.0.0-master, and clients that look at the version misbehave. */
export function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const stamp = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return ['-s -w', stamp('gitVersion', version), stamp('gitMajor', major), stamp('gitMinor', minor)].join(
    ' ',
  );
}

function readSources(): readonly string[] {
  return SOURCES.map((name) => readFileSync(join(SOURCE_DIRECTORY, name), 'utf8'));
}

/** Where what took long to get is kept for the next run. */
export function cacheDirectory(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured === undefined || configured === '' ? join(homedir(), '.cache') : configured;
  return join(base, 'kernel-gossip');
}

async function goVersionOrThrow(): Promise<string> {
  try {
    return (await runOrThrow('go', ['env', 'GOVERSION'], { cwd: SOURCE_DIRECTORY })).trim();
  } catch (error) {
    throw new Error(
      'building Kubernetes needs Go 1.25 or newer on PATH: install it from https://go.dev/dl/ (or start a Docker engine, ' +
        'or set KERNEL_GOSSIP_E2E_KUBECONFIG to the kubeconfig of a cluster you have)',
      { cause: error },
    );
  }
}

async function build(version: string, cache: string, directory: string): Promise<void> {
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  const stopReporting = reportProgress(version);
  try {
    const output = join(unfinished, 'kubernetes');
    await runOrThrow(
      'go',
      ['build', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(version), '-o', output, '.'],
      { cwd: SOURCE_DIRECTORY },
    );
    for (const command of COMMANDS) symlinkSync('kubernetes', join(unfinished, command));
    renameSync(unfinished, directory);
  } finally {
    stopReporting();
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function reportProgress(version: string): () => void {
  const start = performance.now();
  const tell = (): void =>
    say(
      `building Kubernetes ${version} from its Go modules, ${duration(performance.now() - start)} so far; cached afterwards`,
    );
  tell();
  const timer = setInterval(tell, PROGRESS_EVERY_MS);
  return () => {
    clearInterval(timer);
    say(`building Kubernetes ${version} ended after ${duration(performance.now() - start)}`);
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
