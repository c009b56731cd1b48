import type * as t from 'io-ts';
import { oneOf, required, struct, text } from '../codec/index.ts';

/** What `GET /api/v1alpha1/about` answers with. */
export const About = struct('what the operator is', {
  name: required(oneOf('kernel-gossip-operator'), 'The program.'),
  version: required(text(63), 'Its version.'),
  store: required(oneOf('sqlite', 'kubernetes'), 'Where findings are kept.'),
});
export type About = t.TypeOf<typeof About>;
