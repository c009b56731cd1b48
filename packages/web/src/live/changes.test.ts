import { expect, it } from 'vitest';
import { certificate, whisper } from '../testing/whispers.ts';
import { changeOf } from './changes.ts';

const said = (type: string, object: unknown): string => JSON.stringify({ type, object });

it('reads what is shown, leaves out what is not, and names what is gone or cannot be read', () => {
  expect(changeOf(said('MODIFIED', whisper()))).toEqual({ what: 'now', object: whisper() });
  expect(changeOf(said('ADDED', { kind: 'RemediationPolicy' }))).toBeNull();
  const newer = { ...whisper(), spec: { pod_name: 7 } };
  const named = { kind: 'KernelWhisper', key: 'shop/web-1-cpu' };
  expect(changeOf(said('ADDED', newer))).toEqual({ what: 'unreadable', ...named });
  expect(changeOf(said('DELETED', newer))).toEqual({ what: 'gone', ...named });
  const { kind, metadata } = certificate();
  expect(changeOf(said('DELETED', { kind, metadata }))).toEqual({ what: 'gone', kind, key: 'shop/web-1' });
  expect([changeOf('no JSON'), changeOf('null'), changeOf('{}')]).toEqual([null, null, null]);
  expect(changeOf(said('DELETED', { kind, metadata: { name: 7 } }))).toBeNull();
});
