import type * as t from 'io-ts';
import { count, list, optional, required, struct, text } from '../codec/index.ts';

/** One observation of a request that was not taken, and why. */
export const Rejection = struct('a rejection', {
  index: required(count, 'Which observation of the request, from 0.'),
  path: required(text(1024), 'Which field; empty for the observation itself.'),
  expected: required(text(1024), 'What was expected there.'),
  got: required(text(1024), 'What was there.'),
});
export type Rejection = t.TypeOf<typeof Rejection>;

/** What `/webhook/pixie` answers with. */
export const WebhookAnswer = struct('a webhook answer', {
  accepted: required(count, 'How many observations were taken.'),
  rejected: required(list(Rejection, { maxItems: 100_000 }), 'Which ones were not, and why.'),
  error: optional(text(4096), 'What was wrong with the request as a whole.'),
});
export type WebhookAnswer = t.TypeOf<typeof WebhookAnswer>;
