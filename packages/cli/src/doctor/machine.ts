import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from 'kernel-gossip-types';
import { findHierarchy, type Hierarchy } from 'kernel-gossip-observer';
import type { Finding } from '../target/target.ts';

/** Where doctor looks; tests point it elsewhere. */
export interface MachinePaths {
  readonly cgroupRoot: string;
  readonly btf: string;
  readonly nodeVersion: string;
}

/** The oldest Node that runs the sources as they are (package.json, engines). */
const OLDEST_NODE = [22, 18] as const;

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    question: 'Node.js new enough',
    ok,
    answer: `${version}, needs ${OLDEST_NODE.join('.')} or newer`,
    advice: ok ? null : 'Install a newer Node.js, from https://nodejs.org or your distribution.',
  };
}

const hierarchyAt = (root: string): Hierarchy | string => {
  try {
    return findHierarchy(root);
  } catch (error) {
    return messageOf(error);
  }
};

function readableFinding(hierarchy: Hierarchy | string): Finding {
  const question = 'cgroup CPU counters readable';
  const advice =
    'Needed to observe this machine (`kgossip up`). In a container, mount /sys/fs/cgroup of the host.';
  if (typeof hierarchy === 'string') return { question, ok: false, answer: hierarchy, advice };
  try {
    accessSync(hierarchy.cpu, constants.R_OK | constants.X_OK);
    return { question, ok: true, answer: `version ${hierarchy.version} at ${hierarchy.cpu}`, advice: null };
  } catch (error) {
    return { question, ok: false, answer: messageOf(error), advice };
  }
}

/** Whether a group with a quota can be made: by making one and removing it. */
function creatableFinding(hierarchy: Hierarchy | string): Finding {
  const question = 'may create a CPU cgroup';
  if (typeof hierarchy === 'string')
    return { question, ok: null, answer: 'no CPU controller found', advice: null };
  const group = join(hierarchy.cpu, `kernel-gossip-doctor-${process.pid}`);
  try {
    mkdirSync(group);
    const quota = hierarchy.version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max';
    const has = statSync(join(group, quota), { throwIfNoEntry: false }) !== undefined;
    rmdirSync(group);
    return {
      question,
      ok: has,
      answer: has ? `below ${hierarchy.cpu}` : `${quota} is missing in a new group`,
      advice: has
        ? null
        : `Hand the controller down: echo +cpu > ${join(hierarchy.cpu, 'cgroup.subtree_control')}`,
    };
  } catch (error) {
    return {
      question,
      ok: false,
      answer: messageOf(error),
      advice: 'Only `kgossip demo` needs it, which then replays a recording. Run it as root for a live one.',
    };
  }
}

function btfFinding(path: string): Finding {
  const question = 'kernel BTF there';
  try {
    const { size } = statSync(path);
    readFileSync(path).subarray(0, 1);
    return { question, ok: true, answer: `${path}, ${Math.round(size / 1024)} KiB`, advice: null };
  } catch (error) {
    return {
      question,
      ok: false,
      answer: messageOf(error),
      advice:
        'Births are then not traced (throttling is). A kernel with CONFIG_DEBUG_INFO_BTF=y, 5.11 or newer, has it.',
    };
  }
}

/** What `doctor` finds on this machine. */
export function examineMachine({ cgroupRoot, btf, nodeVersion }: MachinePaths): readonly Finding[] {
  const hierarchy = hierarchyAt(cgroupRoot);
  return [nodeFinding(nodeVersion), readableFinding(hierarchy), creatableFinding(hierarchy), btfFinding(btf)];
}
