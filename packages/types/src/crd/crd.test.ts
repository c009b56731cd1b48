import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonSchema } from '../codec/index.ts';
import { renderCrds } from './index.ts';

interface Crd {
  readonly spec: {
    readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: JsonSchema } }];
  };
}

const nodes = (schema: JsonSchema, path: string): readonly (readonly [string, JsonSchema])[] => [
  [path, schema],
  ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => nodes(child, `${path}.${key}`)),
  ...(schema.items === undefined ? [] : nodes(schema.items, `${path}[]`)),
];

describe.each(renderCrds())('$name', ({ name, yaml }) => {
  const schema = (parse(yaml, { version: '1.1' }) as Crd).spec.versions[0].schema.openAPIV3Schema;
  const described = [...nodes(schema, '')].filter(
    ([path]) => path.startsWith('.spec') || path.startsWith('.status'),
  );

  it('is on disk as the codecs say', () => {
    expect(readFileSync(new URL(`../../../../k8s/crds/${name}`, import.meta.url), 'utf8')).toBe(yaml);
  });

  it('describes every field', () => {
    expect(
      described.filter(([path, node]) => !path.endsWith('[]') && node.description === undefined),
    ).toEqual([]);
  });

  it('has no enum where null may stand, which Kubernetes would refuse', () => {
    expect(described.filter(([, node]) => node.nullable === true && node.enum !== undefined)).toEqual([]);
  });

  it('has texts in its enums, also where Kubernetes reads it', () => {
    const words = described.flatMap(([, node]) => (node.enum ?? []) as readonly unknown[]);
    expect(words.filter((word) => typeof word !== 'string')).toEqual([]);
  });

  it('bounds every text, list and number', () => {
    const unbounded = described.filter(
      ([, node]) =>
        (node.type === 'string' &&
          node.maxLength === undefined &&
          node.enum === undefined &&
          node.format === undefined) ||
        (node.type === 'array' && node.maxItems === undefined) ||
        ((node.type === 'number' || node.type === 'integer') &&
          (node.minimum === undefined || node.maximum === undefined)),
    );
    expect(unbounded).toEqual([]);
  });
});
