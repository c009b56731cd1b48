import * as t from 'io-ts';
import type { HasSchema, JsonSchema } from './json-schema.ts';

/**
 * A single value with bounds. Its name is what an error says was expected, so it reads as a phrase: "a percentage 0..100".
 * io-ts refinements hide their constraint; this class keeps it beside the check, as the CRD's schema.
 */
export class Leaf<A> extends t.Type<A> implements HasSchema {
  readonly schema: JsonSchema;

  constructor(expectation: string, schema: JsonSchema, is: (input: unknown) => input is A) {
    super(
      expectation,
      is,
      (input, context) => (is(input) ? t.success(input) : t.failure(input, context)),
      t.identity,
    );
    this.schema = schema;
  }
}
