/** A cluster for working by hand: `npm run cluster -- up | env | down`. */
import { dirname, join } from 'node:path';
import { until } from '../poll.ts';
import { say } from '../say.ts';
import { startBuilt } from './built/built.ts';
import { isAlive } from './built/process-identity.ts';
import { removeRun, removeStaleRuns } from './built/remove-run.ts';
import { controlSocketOf, listRuns, type RunRecord } from './built/run-directory.ts';
import type { ClusterDescription } from './cluster.ts';
import { control } from './control.ts';

const HELP = `usage: npm run cluster -- <command>
  up     start a real Kubernetes of one node on this machine (Linux, root); it stays until down
  env    print what a shell needs to use it:  eval "$(npm run --silent cluster -- env)"
  down   remove it with everything it made
`;

async function up(): Promise<void> {
  const running = runningByHand();
  if (running !== undefined) {
    say('already up');
    tell(await describe(running));
    return;
  }
  tell(await startBuilt('hand'));
}

async function env(): Promise<void> {
  const running = runningByHand();
  if (running === undefined) throw new Error('no cluster is up: npm run cluster -- up');
  process.stdout.write(environmentOf(await describe(running)));
}

async function down(): Promise<void> {
  await removeStaleRuns();
  const running = runningByHand();
  if (running === undefined) {
    say('no cluster is up');
    return;
  }
  try {
    await control(controlSocketOf(running), { action: 'down' });
    await until('the supervisor to end', { timeoutMs: 10_000 }, () =>
      isAlive(running.supervisor) ? undefined : true,
    );
  } catch {
    say('the supervisor does not answer; removing the cluster without it');
    process.kill(running.supervisor.pid, 'SIGKILL');
    await removeRun(running);
  }
  say('down: nothing of it is left');
}

function runningByHand(): RunRecord | undefined {
  return listRuns().find(({ purpose, supervisor }) => purpose === 'hand' && isAlive(supervisor));
}

/** A run that is just starting has no control socket yet. */
function describe(record: RunRecord): Promise<ClusterDescription> {
  return until('the cluster to answer', { timeoutMs: 120_000, everyMs: 500 }, () =>
    control(controlSocketOf(record), { action: 'describe' }),
  );
}

function environmentOf({ kubeconfigPath, binDir }: ClusterDescription): string {
  return `export KUBECONFIG='${kubeconfigPath}'\nexport PATH='${binDir ?? ''}':"$PATH"\n`;
}

function tell(description: ClusterDescription): void {
  process.stdout.write(`up: node ${description.nodeName} is Ready
  kubeconfig   ${description.kubeconfigPath}
  kubectl      ${join(description.binDir ?? '', 'kubectl')}
  logs         ${join(dirname(description.kubeconfigPath), 'logs')}
  pod cgroups  ${description.cgroupRoot ?? 'not on this machine'}
  test image   ${description.workloadImage} (imagePullPolicy: ${description.imagePullPolicy})
To use it:     eval "$(npm run --silent cluster -- env)" && kubectl get nodes
To remove it:  npm run cluster -- down
`);
}

const commands: Readonly<Record<string, () => Promise<void>>> = { up, env, down };
const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  try {
    await command();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
