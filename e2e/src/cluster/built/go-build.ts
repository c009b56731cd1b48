import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { say } from '../../say.ts';
import { withLock } from './build-lock.ts';

/** A program that is built from Go modules, once for each version of its sources. */
export interface GoBuild {
  /** As what is said names it, like `Kubernetes v1.35.4`. */
  readonly title: string;
  /** Its file, and its folder in the cache. */
  readonly name: string;
  readonly sourceDirectory: string;
  /** The files of that directory that decide what comes out. */
  readonly sources: readonly string[];
  /** What to build, as `go build` takes it from that directory. */
  readonly target: string;
  readonly linkerFlags: string;
  /** Adds to the directory before it is in the cache. */
  readonly complete?: (directory: string) => void;
}

const PROGRESS_EVERY_MS = 15_000;

/** The directory with the program, built first when this version of the sources never was. */
export async function builtOnce(build: GoBuild): Promise<string> {
  const { title, name, sourceDirectory, sources } = build;
  const goVersion = await goVersionOrThrow(sourceDirectory);
  const cache = join(cacheDirectory(), name);
  const texts = sources.map((file) => readFileSync(join(sourceDirectory, file), 'utf8'));
  const directory = join(cache, cacheKey(texts, goVersion));
  if (existsSync(directory)) {
    say(`${title} is in the build cache: ${directory}`);
    return directory;
  }
  mkdirSync(cache, { recursive: true });
  await withLock(
    `${directory}.lock`,
    () => say(`another run is building ${title}; waiting for it`),
    async () => {
      if (!existsSync(directory)) await buildInto(directory, build, cache);
    },
  );
  return directory;
}

export function cacheKey(sources: readonly string[], goVersion: string): string {
  const hash = createHash('sha256');
  for (const text of [...sources, goVersion, process.arch]) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 16);
}

/** Where what took long to get is kept for the next run. */
export function cacheDirectory(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured === undefined || configured === '' ? join(homedir(), '.cache') : configured;
  return join(base, 'kernel-gossip');
}

async function goVersionOrThrow(sourceDirectory: string): Promise<string> {
  try {
    return (await runOrThrow('go', ['env', 'GOVERSION'], { cwd: sourceDirectory })).trim();
  } catch (error) {
    throw new Error(
      'building Kubernetes needs Go 1.25 or newer on PATH: install it from https://go.dev/dl/ (or start a Docker engine, ' +
        'or set KERNEL_GOSSIP_E2E_KUBECONFIG to the kubeconfig of a cluster you have)',
      { cause: error },
    );
  }
}

async function buildInto(directory: string, build: GoBuild, cache: string): Promise<void> {
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  const stopReporting = reportProgress(build.title);
  try {
    const output = join(unfinished, build.name);
    await runOrThrow(
      'go',
      ['build', '-trimpath', '-buildvcs=false', '-ldflags', build.linkerFlags, '-o', output, build.target],
      { cwd: build.sourceDirectory },
    );
    build.complete?.(unfinished);
    renameSync(unfinished, directory);
  } finally {
    stopReporting();
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function reportProgress(title: string): () => void {
  const start = performance.now();
  const tell = (): void =>
    say(
      `building ${title} from its Go modules, ${duration(performance.now() - start)} so far; cached afterwards`,
    );
  tell();
  const timer = setInterval(tell, PROGRESS_EVERY_MS);
  return () => {
    clearInterval(timer);
    say(`building ${title} ended after ${duration(performance.now() - start)}`);
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
