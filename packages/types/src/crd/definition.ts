import type { Codec, JsonSchema } from '../codec/index.ts';
import { GROUP, KINDS, VERSION, type Kind } from '../resource/index.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Columns above 0 show only with `-o wide`. */
  readonly priority?: number;
}

export interface CrdDefinition {
  readonly kind: Kind;
  readonly description: string;
  readonly spec: Codec<unknown>;
  readonly status: Codec<unknown>;
  readonly columns: readonly PrinterColumn[];
}

/** A CustomResourceDefinition, as `kubectl apply` takes it. */
export const customResourceDefinition = (definition: CrdDefinition): object => {
  const { plural, singular, shortName } = KINDS[definition.kind];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: definition.kind,
        listKind: `${definition.kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: ['gossip'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  };
};

const objectSchema = ({ description, spec, status }: CrdDefinition): JsonSchema => ({
  type: 'object',
  description,
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: spec.schema,
    status: status.schema,
  },
});
