import { expect, it } from 'vitest';
import { certificate, whisper } from '../testing/whispers.ts';
import { changeOf } from './changes.ts';

const said = (type: string, object: unknown): string => JSON.stringify({ type, object });

it('reads what is shown, leaves out what is not, and says what cannot be read', () => {
  expect(changeOf(said('MODIFIED', whisper()))).toEqual({ gone: false, object: whisper() });
  expect(changeOf(said('DELETED', certificate()))).toEqual({ gone: true, object: certificate() });
  expect(changeOf(said('ADDED', { kind: 'RemediationPolicy' }))).toBeNull();
  expect(changeOf(said('ADDED', { ...whisper(), spec: { pod_name: 7 } }))).toBe('unreadable');
  expect([changeOf('no JSON'), changeOf('null'), changeOf('{}')]).toEqual([null, null, null]);
});
