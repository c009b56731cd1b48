import * as t from 'io-ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { CelRule, HasSchema, JsonSchema } from './json-schema.ts';
import { Leaf } from './leaf.ts';

/** What any codec of ours is: a decoder that also knows its schema. Without `encode`, so that it is covariant. */
export interface Codec<out A> extends t.Decoder<unknown, A>, HasSchema {
  readonly is: (input: unknown) => boolean;
}

export interface Field<out A> {
  readonly codec: Codec<A>;
  readonly description: string;
  readonly optional: boolean;
  readonly default?: string | number | boolean;
}

/** A field that must be there. */
export const required = <A>(codec: Codec<A>, description: string): Field<A> => ({
  codec,
  description,
  optional: false,
});

/** A field that may be absent or null; both decode to null, which means "not measured" or "not stated". */
export const optional = <A>(codec: Codec<A>, description: string): Field<A | null> => ({
  codec,
  description,
  optional: true,
});

/** A field that takes this value where it is absent or null. */
export const defaulted = <A extends string | number | boolean>(
  codec: Codec<A>,
  value: A,
  description: string,
): Field<A> => ({ codec, description, optional: true, default: value });

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer A> ? A : never;
export type StructOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** Something that holds between the fields of one struct. */
export interface StructCheck<A> {
  /** The field an error points at. */
  readonly path: keyof A & string;
  readonly expected: string;
  readonly holds: (value: A) => boolean;
}

export interface StructOptions<A> {
  readonly description?: string;
  readonly rules?: readonly CelRule[];
  readonly checks?: readonly StructCheck<A>[];
}

const isObject = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

/**
 * An object with known fields. Unknown fields are left out of what it decodes to, whatever their name,
 * and the object it makes has every known field, so that a reader meets null and never undefined.
 */
export class Struct<F extends Fields> extends t.Type<StructOf<F>, unknown> implements HasSchema {
  readonly fields: F;
  readonly options: StructOptions<StructOf<F>>;

  constructor(name: string, fields: F, options: StructOptions<StructOf<F>> = {}) {
    const entries = Object.entries(fields);
    const plan = planOf(entries, options.checks ?? []);
    super(
      name,
      (input): input is StructOf<F> =>
        isObject(input) &&
        entries.every(([key, field]) =>
          field.optional && field.default === undefined && input[key] === null
            ? true
            : field.codec.is(input[key]),
        ),
      (input, context) => {
        if (!isObject(input)) return t.failure(input, context);
        return decodeFields(input, context, plan) as t.Validation<StructOf<F>>;
      },
      t.identity,
    );
    this.fields = fields;
    this.options = options;
  }

  get schema(): JsonSchema {
    const entries = Object.entries(this.fields);
    const mandatory = entries.filter(([, field]) => !field.optional).map(([key]) => key);
    return {
      type: 'object',
      ...(this.options.description === undefined ? {} : { description: this.options.description }),
      ...(mandatory.length === 0 ? {} : { required: mandatory }),
      properties: Object.fromEntries(entries.map(([key, field]) => [key, fieldSchema(field)])),
      ...(this.options.rules === undefined ? {} : { 'x-kubernetes-validations': this.options.rules }),
    };
  }
}

const fieldSchema = (field: Field<unknown>): JsonSchema => ({
  ...(field.optional && field.default === undefined ? nullable(field.codec.schema) : field.codec.schema),
  description: field.description,
  ...(field.default === undefined ? field.optional && { nullable: true } : { default: field.default }),
});

/**
 * A schema as null may stand beside it. Kubernetes matches null against an `enum` too, and no enum has it, not even one
 * that names it (kube-openapi/pkg/validation/validate: Enum); a pattern is asked of texts only.
 */
function nullable(schema: JsonSchema): JsonSchema {
  const { enum: words, ...rest } = schema;
  if (words === undefined) return schema;
  const maxLength = Math.max(...words.map((word) => word.length));
  return { ...rest, pattern: `^(${words.join('|')})$`, maxLength };
}

/** What decoding needs to know, prepared once: observations are decoded by the hundred thousand. */
interface Plan {
  /** The object with every optional field at its default, so that all results have one shape. */
  readonly blank: Readonly<Record<string, unknown>>;
  readonly fields: readonly PlannedField[];
  readonly checks: readonly StructCheck<never>[];
}
interface PlannedField {
  readonly key: string;
  readonly codec: Codec<unknown>;
  readonly isLeaf: boolean;
  readonly optional: boolean;
}

const planOf = (
  entries: readonly (readonly [string, Field<unknown>])[],
  checks: readonly StructCheck<never>[],
): Plan => ({
  blank: Object.fromEntries(entries.map(([key, field]) => [key, field.default ?? null])),
  fields: entries.map(([key, { codec, optional: isOptional }]) => ({
    key,
    codec,
    isLeaf: codec instanceof Leaf,
    optional: isOptional,
  })),
  checks,
});

function decodeFields(
  input: Readonly<Record<string, unknown>>,
  context: t.Context,
  { blank, fields, checks }: Plan,
): t.Validation<unknown> {
  const output: Record<string, unknown> = { ...blank };
  const errors: t.ValidationError[] = [];
  for (const { key, codec, isLeaf, optional: isOptional } of fields) {
    const value = input[key];
    if (isOptional && (value === undefined || value === null)) continue;
    // io-ts copies the context at every step down, which a leaf that fits does not need.
    if (isLeaf && codec.is(value)) output[key] = value;
    else {
      const result = codec.validate(value, t.appendContext(context, key, codec, value));
      if (isLeft(result)) errors.push(...result.left);
      else output[key] = result.right;
    }
  }
  if (errors.length === 0 && checks.length > 0) errors.push(...failedChecks(output, context, checks));
  return errors.length === 0 ? t.success(output) : t.failures(errors);
}

const failedChecks = (
  value: Readonly<Record<string, unknown>>,
  context: t.Context,
  checks: readonly StructCheck<never>[],
): readonly t.ValidationError[] =>
  checks
    .filter((check) => !check.holds(value as never))
    .map(({ path, expected }) => {
      const got = value[path] ?? undefined;
      const type = new t.Type(expected, t.unknown.is, t.failure, t.identity);
      return { value: got, context: t.appendContext(context, path, type, got) };
    });

export const struct = <F extends Fields>(
  name: string,
  fields: F,
  options: StructOptions<StructOf<F>> = {},
): Struct<F> => new Struct(name, fields, options);
