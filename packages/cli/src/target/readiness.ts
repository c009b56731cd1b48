import { isRight } from 'fp-ts/lib/Either.js';
import { boolean, decode, list, optional, required, struct, text } from 'kernel-gossip-types';
import type { Finding } from './target.ts';

const Readiness = struct('what /ready answers', {
  ready: required(boolean, 'Whether the operator takes work.'),
  checks: required(
    list(
      struct('a readiness check', {
        name: required(text(256), 'What is checked.'),
        ok: required(boolean, 'Whether it is well.'),
        message: optional(text(4096), 'What is wrong.'),
      }),
      { maxItems: 256 },
    ),
    'What was checked.',
  ),
});

/** The operator's own readiness checks as answers of `doctor`. */
export function readinessOf(body: unknown, status: number): readonly Finding[] {
  const decoded = decode(Readiness, body);
  if (!isRight(decoded)) {
    return [
      {
        question: 'operator ready',
        ok: false,
        answer: `/ready answered ${status} with something else than its checks`,
        advice: 'Is this address an operator of this version?',
      },
    ];
  }
  const { ready, checks } = decoded.right;
  const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
  return [
    {
      question: 'operator ready',
      ok: ready,
      answer: ready ? `${checks.length} of ${checks.length} checks well` : `not well: ${failed.join(', ')}`,
      advice: ready ? null : "Read the operator's log; the lines below say what is not well.",
    },
    ...checks
      .filter(({ ok }) => !ok)
      .map(({ name, message }) => ({
        question: `operator: ${name}`,
        ok: false,
        answer: message ?? 'not well',
        advice: 'It retries by itself; if this lasts, read its log.',
      })),
  ];
}
