import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { runOrThrow } from '../command.ts';
import { REPOSITORY } from '../install.ts';

export const CONTROLLERS = join(REPOSITORY, 'k8s/monitoring/controllers');
/** Layers of Pixie Cloud in the order in which they are applied. */
export const LAYERS = [
  'namespace',
  'operators',
  'secrets',
  'dependencies',
  'components',
  'ingress',
  'monitoring',
] as const;

/** An object of Kubernetes as far as every kind has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What `kubectl kustomize` makes of a directory (an absolute path, or one below the controllers). */
export const buildText = (directory: string): Promise<string> =>
  runOrThrow('kubectl', ['kustomize', directory.startsWith('/') ? directory : join(CONTROLLERS, directory)]);

export const build = async (directory: string): Promise<readonly Manifest[]> =>
  parse(await buildText(directory));

export function parse(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return document.toJS() as Manifest;
  });
}

/** How messages name an object. */
export const title = ({ kind, metadata }: Manifest): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
