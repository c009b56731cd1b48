import { title, type Manifest } from './build.ts';
import { podTemplate } from './references.ts';
import { at, isObject, type Json, listAt, textAt, textsAt } from './tree.ts';

type Labels = Readonly<Record<string, string>>;

/** Pods that an object of the build makes. */
export interface Pods {
  readonly of: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports: readonly { readonly name: string | undefined; readonly number: number }[];
}

export function podsOf(objects: readonly Manifest[]): readonly Pods[] {
  return objects.flatMap((object): readonly Pods[] => {
    const namespace = object.metadata.namespace ?? '';
    if (object.kind === 'Elasticsearch') {
      // The operator's label, and what the template adds.
      return listAt(object, 'spec', 'nodeSets').map((set) => ({
        of: title(object),
        namespace,
        labels: {
          'elasticsearch.k8s.elastic.co/cluster-name': object.metadata.name,
          ...textsAt(set, 'podTemplate', 'metadata', 'labels'),
        },
        ports: [9200, 9300].map((number) => ({ name: undefined, number })),
      }));
    }
    const template = podTemplate(object);
    if (template === undefined) return [];
    return [
      {
        of: title(object),
        namespace,
        labels: textsAt(template, 'metadata', 'labels'),
        ports: portsOf(template),
      },
    ];
  });
}

const portsOf = (template: Json): Pods['ports'] =>
  listAt(template, 'spec', 'containers')
    .flatMap((container) => listAt(container, 'ports'))
    .map((port) => ({ name: textAt(port, 'name'), number: at(port, 'containerPort') as number }));

/** Whether labels fit a selector with matchLabels, or matchExpressions with In. */
export function fits(selector: unknown, labels: Labels): boolean {
  const exact = Object.entries(textsAt(selector, 'matchLabels'));
  const among = listAt(selector, 'matchExpressions');
  return (
    exact.every(([key, value]) => labels[key] === value) &&
    among.every((rule) => listAt(rule, 'values').includes(labels[textAt(rule, 'key') ?? '']))
  );
}

/** What is wrong with what selects pods by label, as sentences. */
export function selectorFaults(objects: readonly Manifest[]): readonly string[] {
  const pods = podsOf(objects);
  return objects.flatMap((object) => {
    const near = pods.filter(({ namespace }) => namespace === (object.metadata.namespace ?? ''));
    switch (object.kind) {
      case 'Deployment':
      case 'StatefulSet': {
        const own = near.find(({ of }) => of === title(object));
        return own !== undefined && fits(at(object, 'spec', 'selector'), own.labels)
          ? []
          : [`${title(object)} does not select its own pods`];
      }
      case 'Service':
        return serviceFaults(object, near);
      case 'PodDisruptionBudget':
        return unselected(object, [at(object, 'spec', 'selector')], near);
      case 'NetworkPolicy':
        return unselected(object, podSelectorsOf(object), near);
      default:
        return [];
    }
  });
}

function serviceFaults(service: Manifest, pods: readonly Pods[]): readonly string[] {
  const selector = { matchLabels: at(service, 'spec', 'selector') };
  const chosen = pods.filter(({ labels }) => fits(selector, labels));
  // A Job's pod serves nothing, though a label may put it among those that do.
  const serving = chosen.filter(({ ports }) => ports.length > 0);
  if (serving.length === 0) return [`${title(service)} selects no pod that serves`];
  return listAt(service, 'spec', 'ports').flatMap((port) => {
    const target = at(port, 'targetPort') ?? at(port, 'port');
    return serving
      .filter(({ ports }) => !ports.some(({ name, number }) => name === target || number === target))
      .map(({ of }) => `${title(service)}: ${of} has no port ${String(target as string | number)}`);
  });
}

/** Selectors of a policy for pods of its own namespace. */
const podSelectorsOf = (policy: Manifest): readonly unknown[] => [
  at(policy, 'spec', 'podSelector'),
  ...[...listAt(policy, 'spec', 'ingress'), ...listAt(policy, 'spec', 'egress')]
    .flatMap((rule) => [...listAt(rule, 'from'), ...listAt(rule, 'to')])
    .filter((peer) => isObject(peer) && peer.namespaceSelector === undefined)
    .map((peer) => at(peer, 'podSelector')),
];

const unselected = (
  object: Manifest,
  selectors: readonly unknown[],
  pods: readonly Pods[],
): readonly string[] =>
  selectors
    .filter((selector) => !pods.some(({ labels }) => fits(selector, labels)))
    .map((selector) => `${title(object)} selects no pod by ${JSON.stringify(selector)}`);
