import { podUid } from 'kernel-gossip-types';
import type { ExecLine } from './line.ts';

/**
 * What a program was executed for, as far as its arguments and environment say:
 *
 * - `shim`: a runtime's monitor of a container (containerd-shim, conmon). With `serves`, the process that stays and whose
 *   children are the runtime's commands. `leads`: the container is the sandbox of those that come under the same monitor.
 * - `create`: the runtime makes a container; with `stays`, it waits for its end (`runc run`).
 * - `init`: the runtime's part inside the container's namespaces, which becomes the container's own program.
 * - `start`: the runtime lets it go on.
 * - `network`: a network plugin adds a sandbox to a network (CNI specification 1.0, "ADD").
 * - `none`: a command about a container that is no part of its birth, such as `exec` or `delete`.
 * - `other`: anything else. It belongs to the birth of whatever started it.
 */
export type Task =
  | { readonly kind: 'shim'; readonly id: string; readonly serves: boolean; readonly leads: boolean }
  | { readonly kind: 'create'; readonly id: string; readonly stays: boolean }
  | { readonly kind: 'start'; readonly id: string }
  | { readonly kind: 'network'; readonly id: string; readonly podUid: string | null }
  | { readonly kind: 'init' }
  | { readonly kind: 'none' }
  | { readonly kind: 'other' };

const NONE: Task = { kind: 'none' };
const OTHER: Task = { kind: 'other' };

/** The runtimes whose command line is that of runc (OCI Runtime Command Line Interface), wrappers of it included. */
const RUNTIME = /^(?:runc|crun|youki|(?:nvidia-container-runtime|kata-runtime)(?:\..*)?)$/;
const SHIM = /^containerd-shim(?:-.*)?$/;
/** Options in front of the command that take no value; any other takes the word behind it. */
const SWITCHES = new Set(['debug', 'systemd-cgroup', 'help', 'version']);

/** Name of the program that was executed: arguments name it by its path, where they name it. */
export function programName({ argv, comm }: Pick<ExecLine, 'argv' | 'comm'>): string {
  const path = argv[0] ?? '';
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '' || name === 'exe' ? comm : name;
}

const isOption = (argument: string): boolean => argument.startsWith('-');
const optionName = (argument: string): string => argument.replace(/^--?/, '');

/** The value of an option, written as `--name value` or `--name=value`, with one dash or two. */
function optionOf(argv: readonly string[], names: readonly string[]): string | null {
  for (const [index, argument] of argv.entries()) {
    if (!isOption(argument)) continue;
    const [name = '', ...value] = optionName(argument).split('=');
    if (!names.includes(name)) continue;
    return value.length > 0 ? value.join('=') : (argv[index + 1] ?? null);
  }
  return null;
}

/** Where the runtime's command stands in its arguments: behind its own options. */
function commandAt(argv: readonly string[]): number {
  let at = 1;
  for (let argument = argv[at]; argument !== undefined && isOption(argument); argument = argv[at]) {
    at += argument.includes('=') || SWITCHES.has(optionName(argument)) ? 1 : 2;
  }
  return at;
}

function runtimeTask({ argv, argv_cut: isCut }: ExecLine): Task {
  const at = commandAt(argv);
  const command = argv[at];
  if (command === 'init') return { kind: 'init' };
  // The id is the last argument; of a cut list the end is not known, and nothing is to be made up.
  const id = argv.at(-1);
  if (isCut === true || id === undefined || argv.length - 1 <= at) return NONE;
  if (command === 'create' || command === 'run') return { kind: 'create', id, stays: command === 'run' };
  return command === 'start' ? { kind: 'start', id } : NONE;
}

function shimTask({ argv }: ExecLine): Task {
  const id = optionOf(argv, ['id']);
  const action = argv.at(-1);
  if (id === null || id === '' || action === 'delete') return NONE;
  // Docker gives each container a shim of its own; containerd's CRI one to each sandbox.
  const leads = optionOf(argv, ['namespace']) !== 'moby';
  return { kind: 'shim', id, serves: action !== 'start', leads };
}

function monitorTask({ argv }: ExecLine): Task {
  const id = optionOf(argv, ['c', 'cid']);
  const isForExec = argv.includes('-e') || argv.includes('--exec');
  return id === null || id === '' || isForExec ? NONE : { kind: 'shim', id, serves: true, leads: false };
}

/** `K8S_POD_UID=…` among the arguments that container runtimes hand to plugins, `;` between them (CNI, CNI_ARGS). */
function podUidOf(args: string | undefined): string | null {
  const uid = (args ?? '')
    .split(';')
    .find((pair) => pair.startsWith('K8S_POD_UID='))
    ?.slice('K8S_POD_UID='.length);
  return uid !== undefined && podUid.is(uid) ? uid : null;
}

function networkTask(env: Readonly<Record<string, string>>): Task {
  const id = env.CNI_CONTAINERID;
  if (env.CNI_COMMAND !== 'ADD' || id === undefined || id === '') return NONE;
  return { kind: 'network', id, podUid: podUidOf(env.CNI_ARGS) };
}

/** Tells what a program was executed for. Total and pure. */
export function taskOf(exec: ExecLine): Task {
  const name = programName(exec);
  if (RUNTIME.test(name)) return runtimeTask(exec);
  if (SHIM.test(name)) return shimTask(exec);
  if (name === 'conmon') return monitorTask(exec);
  return exec.env?.CNI_COMMAND === undefined ? OTHER : networkTask(exec.env);
}
