import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../install.ts';
import { title, type Manifest } from '../pixie-cloud/build.ts';

/** What Helm puts on an object and a plain manifest does not have. */
const LABELS_OF_HELM = [
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/version',
  'helm.sh/chart',
];
const ANNOTATIONS_OF_HELM = ['helm.sh/resource-policy'];

/** The objects of a YAML stream; documents that hold nothing but comments are none. */
export function objectsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    const object = document.toJS() as Manifest | null;
    return object === null ? [] : [object];
  });
}

/** The objects of the plain manifests in a directory, without those below it. */
export const plainObjects = (directory: string): readonly Manifest[] =>
  readdirSync(join(REPOSITORY, directory))
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => objectsOf(readFileSync(join(REPOSITORY, directory, name), 'utf8')));

/** Where two sets of objects say different things, as sentences; the order of objects and Helm's own labels say nothing. */
export function differences(plain: readonly Manifest[], chart: readonly Manifest[]): readonly string[] {
  const [ours, theirs] = [byTitle(plain), byTitle(chart)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((name) => {
    const [left, right] = [ours.get(name), theirs.get(name)];
    if (left === undefined) return [`${name}: only in the chart`];
    if (right === undefined) return [`${name}: only in the plain manifests`];
    return differencesAt(name, withoutHelm(left), withoutHelm(right));
  });
}

const byTitle = (objects: readonly Manifest[]): ReadonlyMap<string, Manifest> =>
  new Map(objects.map((object) => [title(object), object]));

function withoutHelm(object: Manifest): Manifest {
  const { labels, annotations, ...metadata } = object.metadata as Manifest['metadata'] & Annotated;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...leaving('labels', labels, LABELS_OF_HELM),
      ...leaving('annotations', annotations, ANNOTATIONS_OF_HELM),
    },
  };
}

interface Annotated {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A map without some of its keys, under its name; nothing where nothing is left. */
function leaving(name: string, map: Readonly<Record<string, string>> = {}, keys: readonly string[]): object {
  const left = Object.entries(map).filter(([key]) => !keys.includes(key));
  return left.length === 0 ? {} : { [name]: Object.fromEntries(left) };
}

/** The smallest parts that differ. */
function differencesAt(path: string, left: unknown, right: unknown): readonly string[] {
  if (isDeepStrictEqual(left, right)) return [];
  if (!isParted(left) || !isParted(right) || Array.isArray(left) !== Array.isArray(right)) {
    return [`${path}: ${show(left)} in the plain manifests, ${show(right)} in the chart`];
  }
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
    differencesAt(`${path}.${key}`, left[key], right[key]),
  );
}

const isParted = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
