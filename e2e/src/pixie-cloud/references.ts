import { title, type Manifest } from './build.ts';
import { at, isObject, type Json, listAt, objectsIn, textAt, textsAt, textsIn } from './tree.ts';

/** Something that an object needs another one for. */
export interface Reference {
  readonly from: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** A key of a ConfigMap or a Secret, or a port of a Service. */
  readonly part?: string;
  readonly optional: boolean;
}

/** Something that is there for others: a part of the build, or what an operator or a Job makes of one. */
export interface Provision {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly parts: readonly string[];
}

/** Pixie's namespace is in its addresses: `kubernetes:///vzmgr-service.plc:51800`. */
const SERVICE_ADDRESS = /([a-z0-9-]+)\.plc(?:\.svc(?:\.cluster\.local)?)?:(\d+)/g;

/** The template of the pods that an object makes, if it makes any. */
export function podTemplate(object: Manifest): Json | undefined {
  const template =
    object.kind === 'CronJob'
      ? at(object, 'spec', 'jobTemplate', 'spec', 'template')
      : at(object, 'spec', 'template');
  return isObject(template) && isObject(template.spec) ? template : undefined;
}

/** All that an object refers to by name. */
export function referencesOf(object: Manifest): readonly Reference[] {
  const from = title(object);
  const namespace = object.metadata.namespace ?? '';
  const found: Reference[] = [];
  const add: Add = (kind, name, { part, optional } = {}) => {
    if (typeof name !== 'string' || name === '') return;
    const partOnly = typeof part === 'string' || typeof part === 'number' ? { part: `${part}` } : {};
    found.push({ from, kind, namespace, name, optional: optional === true, ...partOnly });
  };
  const template = podTemplate(object);
  for (const node of objectsIn(template)) addPodReferences(node, add);
  if (template !== undefined) add('ServiceAccount', textAt(template, 'spec', 'serviceAccountName'));
  for (const text of textsIn(object)) {
    for (const [, name, port] of text.matchAll(SERVICE_ADDRESS)) add('Service', name, { part: port });
  }
  addReferencesOfKind(object, add);
  return found;
}

type Add = (kind: string, name: unknown, more?: { part?: unknown; optional?: unknown }) => void;

/** The ways in which a pod names what it reads. */
function addPodReferences(node: Json, add: Add): void {
  for (const [field, kind] of [
    ['configMapRef', 'ConfigMap'],
    ['secretRef', 'Secret'],
    ['configMapKeyRef', 'ConfigMap'],
    ['secretKeyRef', 'Secret'],
  ] as const) {
    const reference = node[field];
    if (isObject(reference)) {
      add(kind, reference.name, { part: reference.key, optional: reference.optional });
    }
  }
  // Volumes name a Secret by secretName, sources of a projected one by name.
  const volumes = [
    { kind: 'ConfigMap', source: node.configMap },
    { kind: 'Secret', source: node.secret },
  ];
  for (const { kind, source } of volumes) {
    if (!isObject(source)) continue;
    const name = source.secretName ?? source.name;
    const keys = listAt(source, 'items').map((item) => textAt(item, 'key'));
    for (const part of keys.length === 0 ? [undefined] : keys)
      add(kind, name, { part, optional: source.optional });
  }
  add('PersistentVolumeClaim', textAt(node, 'persistentVolumeClaim', 'claimName'));
}

function addReferencesOfKind(object: Manifest, add: Add): void {
  switch (object.kind) {
    case 'Ingress':
      addIngressReferences(object, add);
      break;
    case 'RoleBinding':
      for (const node of [object.roleRef, ...listAt(object, 'subjects')]) addNamed(node, add);
      break;
    case 'Certificate':
      // Without a kind it is an Issuer of the namespace.
      addNamed({ kind: 'Issuer', ...textsAt(object, 'spec', 'issuerRef') }, add);
      break;
    case 'Issuer':
      add('Secret', textAt(object, 'spec', 'ca', 'secretName'), { part: 'tls.key' });
      break;
    case 'StatefulSet':
      add('Service', textAt(object, 'spec', 'serviceName'));
      break;
    case 'HelmRelease':
      addNamed(at(object, 'spec', 'chart', 'spec', 'sourceRef'), add);
      break;
  }
}

/** A reference that says kind and name itself. */
const addNamed = (node: unknown, add: Add): void => add(textAt(node, 'kind') ?? '', textAt(node, 'name'));

function addIngressReferences(ingress: Manifest, add: Add): void {
  for (const { service } of objectsIn(ingress)) {
    if (isObject(service)) add('Service', service.name, { part: at(service, 'port', 'number') });
  }
  for (const tls of listAt(ingress, 'spec', 'tls')) {
    add('Secret', textAt(tls, 'secretName'), { part: 'tls.crt' });
  }
}

/** What one object of the build offers, directly or through the operator that reads it. */
export function provisionsOf(object: Manifest): readonly Provision[] {
  const { kind, metadata } = object;
  const namespace = metadata.namespace ?? '';
  const own: Provision = { kind, namespace, name: metadata.name, parts: ownParts(object) };
  const secret = (name: string, parts: readonly string[]): Provision => ({
    kind: 'Secret',
    namespace,
    name,
    parts,
  });
  switch (kind) {
    // By cert-manager.
    case 'Certificate':
      return [own, secret(textAt(object, 'spec', 'secretName') ?? '', ['tls.crt', 'tls.key', 'ca.crt'])];
    // By Elastic's operator.
    case 'Elasticsearch':
      return [
        own,
        secret(`${metadata.name}-es-elastic-user`, ['elastic']),
        secret(`${metadata.name}-es-http-certs-public`, ['tls.crt', 'ca.crt']),
        { kind: 'Service', namespace, name: `${metadata.name}-es-http`, parts: ['9200'] },
      ];
    default:
      return [own];
  }
}

function ownParts(object: Manifest): readonly string[] {
  if (object.kind === 'ConfigMap') return Object.keys(textsAt(object, 'data'));
  if (object.kind === 'Service')
    return listAt(object, 'spec', 'ports').map((port) => String(at(port, 'port') as number));
  return [];
}

/** The Secrets that create-secrets.sh makes: `create NAME "\"key\":…"` on a line each. */
export function provisionsOfScript(script: string, namespace: string): readonly Provision[] {
  return [...script.matchAll(/^create ([a-z-]+) "(.*)"$/gm)].map(([, name, keys]) => ({
    kind: 'Secret',
    namespace,
    name: name!,
    parts: [...keys!.matchAll(/\\"([^"\\]+)\\":/g)].map(([, key]) => key!),
  }));
}

/** References that nothing offers, as sentences. */
export function missing(
  references: readonly Reference[],
  provisions: readonly Provision[],
): readonly string[] {
  return references
    .filter(({ optional }) => !optional)
    .filter(({ kind, namespace, name, part }) => {
      const provision = provisions.find(
        (each) => each.kind === kind && each.namespace === namespace && each.name === name,
      );
      return provision === undefined || (part !== undefined && !provision.parts.includes(part));
    })
    .map(
      ({ from, kind, name, part }) =>
        `${from} needs ${kind} ${name}${part === undefined ? '' : `, ${part} in it`}`,
    );
}
