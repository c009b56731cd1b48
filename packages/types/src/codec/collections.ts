import * as t from 'io-ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { HasSchema, JsonSchema } from './json-schema.ts';
import type { Codec } from './struct.ts';

interface ListOptions {
  readonly maxItems: number;
  /** The fields that tell items apart, so that server-side apply merges by item (`x-kubernetes-list-map-keys`). */
  readonly mapKeys?: readonly string[];
}

/** A list of bounded length. */
export class List<A> extends t.Type<readonly A[], unknown> implements HasSchema {
  readonly schema: JsonSchema;

  constructor(item: Codec<A>, { maxItems, mapKeys }: ListOptions) {
    const fits = (input: unknown): input is readonly unknown[] =>
      Array.isArray(input) && input.length <= maxItems;
    super(
      `a list of at most ${maxItems} items`,
      (input): input is readonly A[] => fits(input) && input.every((value) => item.is(value)),
      (input, context) => (fits(input) ? decodeItems(item, input, context) : t.failure(input, context)),
      t.identity,
    );
    this.schema = {
      type: 'array',
      maxItems,
      items: item.schema,
      ...(mapKeys === undefined
        ? { 'x-kubernetes-list-type': 'atomic' as const }
        : { 'x-kubernetes-list-type': 'map' as const, 'x-kubernetes-list-map-keys': mapKeys }),
    };
  }
}

function decodeItems<A>(
  item: Codec<A>,
  input: readonly unknown[],
  context: t.Context,
): t.Validation<readonly A[]> {
  const output: A[] = [];
  const errors: t.ValidationError[] = [];
  input.forEach((value, index) => {
    const result = item.validate(value, t.appendContext(context, String(index), item, value));
    if (isLeft(result)) errors.push(...result.left);
    else output.push(result.right);
  });
  return errors.length === 0 ? t.success(output) : t.failures(errors);
}

export const list = <A>(item: Codec<A>, options: ListOptions): List<A> => new List(item, options);

/** Names to texts: labels, annotations. */
export class TextMap extends t.Type<Readonly<Record<string, string>>> implements HasSchema {
  readonly schema: JsonSchema = {
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: 256,
  };

  constructor() {
    const is = (input: unknown): input is Readonly<Record<string, string>> =>
      typeof input === 'object' &&
      input !== null &&
      !Array.isArray(input) &&
      Object.values(input).every((value) => typeof value === 'string');
    super(
      'names with texts',
      is,
      (input, context) => (is(input) ? t.success(input) : t.failure(input, context)),
      t.identity,
    );
  }
}

export const textMap = new TextMap();
