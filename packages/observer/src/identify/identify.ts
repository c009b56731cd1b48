/** Who made a group. `cgroup` is anyone else: a person, a batch system, a runtime that leaves no mark. */
export type Manager = 'kubernetes' | 'containerd' | 'cri-o' | 'docker' | 'podman' | 'systemd' | 'cgroup';

/**
 * What a group is of: a `pod` as a whole (its quota is the sum of its containers' limits and throttles by itself), a
 * `container`, something `nested` inside a container, a systemd `unit`, a runtime's own `helper`, or any other `group`.
 */
export type Level = 'pod' | 'container' | 'nested' | 'unit' | 'helper' | 'group';

/** What a cgroup path says about its group. */
export interface Identity {
  readonly level: Level;
  readonly manager: Manager;
  /** The pod's UID with dashes; for a static pod the 32 digits of its configuration's hash. */
  readonly podUid: string | null;
  /** 64 hexadecimal digits. */
  readonly containerId: string | null;
  /** Name of the systemd unit, with its escapes resolved, like `user@1000.service`. */
  readonly unit: string | null;
}

const POD =
  /(?:^|-)pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;
const CONTAINER = /^(?:(.*)[-:])?([0-9a-f]{64})(?:\.scope)?$/;
/** containerd given systemd's name for the pod but not systemd: `kubepods-burstable-pod<uid>.slice:cri-containerd:<id>`. */
const COLON_FORM = /^([^:]+):([^:]+):([0-9a-f]{64})$/;
const UNIT = /\.(?:service|scope|slice|socket|mount|swap)$/;

/** The word in front of a container's id names the runtime. Podman calls the container's own group `payload` when it splits. */
const RUNTIMES: Readonly<Record<string, Manager>> = {
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
  docker: 'docker',
  libpod: 'podman',
  'libpod-payload': 'podman',
};
/** Without a word in front, the directory above names the runtime, or its namespace in containerd. */
const PARENTS: Readonly<Record<string, Manager>> = {
  docker: 'docker',
  default: 'containerd',
  'k8s.io': 'containerd',
  libpod_parent: 'podman',
};
/** The monitors that cri-o and podman put beside a container bear its id, but are not it. */
const HELPERS = new Set(['crio-conmon', 'libpod-conmon']);

/** crun may move a container's processes one group down, to let systemd have the scope itself. */
const CRUN_SUBGROUP = 'container';

/** What is known on the way from the root down to a component. */
interface Found {
  readonly pod: { readonly uid: string; readonly at: number } | null;
  readonly container: { readonly id: string; readonly at: number; readonly word: string } | null;
}
const NOTHING_FOUND: Found = { pod: null, container: null };

const lookup = (table: Readonly<Record<string, Manager>>, key: string): Manager | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Kubelet writes `_` for `-` where systemd would read it as a level (escapeSystemdCgroupName). */
const podUidIn = (component: string): string | null => POD.exec(component)?.[1]?.replaceAll('_', '-') ?? null;

/**
 * The deepest pod and the first container below it: a whole Kubernetes node may live in a container (kind), and a
 * container may run containers of its own, whose ids nobody outside knows.
 */
function visit(found: Found, component: string, at: number): Found {
  const uid = podUidIn(component);
  if (uid !== null) return { pod: { uid, at }, container: null };
  if (found.container !== null) return found;
  const [, word = '', id] = CONTAINER.exec(component) ?? [];
  return id === undefined ? found : { ...found, container: { id, at, word } };
}

/** Splits the colon form into the two components it stands for. */
const componentsOf = (path: string): readonly string[] =>
  path
    .split('/')
    .filter((component) => component !== '')
    .flatMap((component) => {
      const [, slice, word, id] = COLON_FORM.exec(component) ?? [];
      return slice === undefined || word === undefined || id === undefined
        ? [component]
        : [slice, `${word}-${id}`];
    });

/** systemd writes bytes that a unit's name may not have as `\xNN`. */
export function unescapeUnit(name: string): string {
  if (!name.includes('\\x')) return name;
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const plain = bytes.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}

/** Tells from a group's path, by its components, which pod, container or unit it is of. Total and pure. */
export function identify(path: string): Identity {
  const components = componentsOf(path);
  const { pod, container } = components.reduce(visit, NOTHING_FOUND);
  const last = components.length - 1;
  if (container !== null) {
    const below = components.slice(container.at + 1);
    return {
      level: levelOfContainer(container.word, below),
      manager:
        lookup(RUNTIMES, container.word) ??
        lookup(PARENTS, components[container.at - 1] ?? '') ??
        (pod === null ? 'cgroup' : 'kubernetes'),
      podUid: pod?.uid ?? null,
      containerId: container.id,
      unit: null,
    };
  }
  if (pod !== null) {
    const level = pod.at === last ? 'pod' : 'nested';
    return { level, manager: 'kubernetes', podUid: pod.uid, containerId: null, unit: null };
  }
  return withoutContainer(components.at(-1) ?? '');
}

function levelOfContainer(word: string, below: readonly string[]): Level {
  if (HELPERS.has(word)) return 'helper';
  return below.length === 0 || (below.length === 1 && below[0] === CRUN_SUBGROUP) ? 'container' : 'nested';
}

const withoutContainer = (component: string): Identity => {
  const isUnit = UNIT.test(component);
  return {
    level: isUnit ? 'unit' : 'group',
    manager: isUnit ? 'systemd' : 'cgroup',
    podUid: null,
    containerId: null,
    unit: isUnit ? unescapeUnit(component) : null,
  };
};
