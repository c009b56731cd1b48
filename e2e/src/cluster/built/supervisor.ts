/**
 * The process that holds a built cluster. It is apart from the process that uses it, so that it can clean up when
 * that one is killed: its stdin is a pipe whose other end only the owner has. One JSON line on stdout says that the
 * cluster is there.
 *
 *   node supervisor.ts <hand|test> <directory of the Kubernetes commands>
 */
import { say } from '../../say.ts';
import type { ClusterDescription } from '../cluster.ts';
import { serveControl, type ControlRequest } from '../control.ts';
import { killMembers } from './cgroups.ts';
import { startNode, type RunningCluster } from './node.ts';
import { removeRun, removeStaleRuns } from './remove-run.ts';
import { controlSocketOf, createRun, type RunPurpose, type RunRecord } from './run-directory.ts';

/** Ends the cluster once, however many ask for it. */
type End = (why: string, exitCode: number) => Promise<void>;

async function supervise(purpose: RunPurpose, binDir: string): Promise<void> {
  ignoreBrokenPipes();
  await removeStaleRuns();
  const record = createRun(purpose, binDir);
  const ending = new AbortController();
  const starting = startNode(record, ending.signal);
  const end = endingOf(record, ending, starting);
  endWithOwner(purpose, end);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void end(`got ${signal}`, 0));
  }
  try {
    const cluster = await starting;
    await serveControl(controlSocketOf(record), (request) => handle(request, cluster, end));
    process.stdout.write(`${JSON.stringify(cluster.description)}\n`);
  } catch (error) {
    if (!ending.signal.aborted) say(error instanceof Error ? explain(error) : String(error));
    await end('the cluster did not start', 1);
  }
}

async function handle(
  request: ControlRequest,
  cluster: RunningCluster,
  end: End,
): Promise<ClusterDescription | undefined> {
  switch (request.action) {
    case 'describe':
      return cluster.description;
    case 'stopApiServer':
      await cluster.stopApiServer();
      return undefined;
    case 'startApiServer':
      await cluster.startApiServer();
      return undefined;
    case 'forgetHistory':
      await cluster.forgetHistory();
      return undefined;
    case 'importImage':
      await cluster.importImage(request.archivePath);
      return undefined;
    case 'down':
      await end('asked to', 0);
      return undefined;
  }
}

function endingOf(record: RunRecord, ending: AbortController, starting: Promise<unknown>): End {
  let ended: Promise<void> | undefined;
  return (why, exitCode) => {
    ending.abort();
    ended ??= removeAndExit(record, starting, { why, exitCode });
    return ended;
  };
}

/**
 * A start that is under way could make something again that was just removed. With its daemons dead and no new
 * ones to be had it fails at once, and only then is the rest removed.
 */
async function removeAndExit(
  record: RunRecord,
  starting: Promise<unknown>,
  { why, exitCode }: { readonly why: string; readonly exitCode: number },
): Promise<void> {
  say(`removing the cluster (${why})`);
  try {
    await killMembers(record.cgroup);
    await Promise.allSettled([starting]);
    await removeRun(record);
    // A moment later, so that the one who asked gets its answer.
    setTimeout(() => process.exit(exitCode), 100);
  } catch (error) {
    say(error instanceof Error ? explain(error) : String(error));
    process.exit(1);
  }
}

/** A cluster for working by hand has no owner: `npm run cluster -- down` ends it. */
function endWithOwner(purpose: RunPurpose, end: End): void {
  if (purpose === 'hand') return;
  process.stdin.on('error', () => undefined);
  process.stdin.on('close', () => void end('its owner is gone', 0));
  process.stdin.resume();
}

/** What reads our output may be gone before us. */
function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

function explain(error: Error): string {
  return error.cause === undefined ? error.message : `${error.message}: ${explain(error.cause as Error)}`;
}

const [purpose, binDir] = process.argv.slice(2);
if ((purpose !== 'hand' && purpose !== 'test') || binDir === undefined) {
  throw new Error('usage: supervisor.ts <hand|test> <directory of the Kubernetes commands>');
}
await supervise(purpose, binDir);
