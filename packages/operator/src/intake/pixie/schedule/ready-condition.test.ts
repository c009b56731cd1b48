import { describe, expect, it } from 'vitest';
import { KernelGossipError } from 'kernel-gossip-types';
import type { PixieCluster } from '../client/pixie-client.ts';
import { readiness } from './ready-condition.ts';
import { failed, newState } from './script-state.ts';

const cluster: PixieCluster = {
  id: '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11',
  name: 'staging',
  status: 'HEALTHY',
  statusMessage: null,
  vizierVersion: '0.14.15',
  nodes: 3,
  instrumentedNodes: 3,
  lastHeartbeatNs: 1e9,
};
const known = (changes: Partial<PixieCluster> = {}) => ({
  kind: 'known' as const,
  cluster: { ...cluster, ...changes },
});
const away = (code: KernelGossipError['code']) => ({
  kind: 'failed' as const,
  error: new KernelGossipError(code, 'because'),
});
const once = failed(newState('network_flow'), 'a stream was cut');

describe('readiness', () => {
  it.each([
    [{ kind: 'not asked' as const }, 'Unknown', 'Connecting'],
    [known(), 'True', 'Connected'],
    [known({ status: 'DEGRADED', statusMessage: 'one PEM is missing' }), 'True', 'Connected'],
    [known({ status: null }), 'True', 'Connected'],
    [known({ status: 'UPDATING' }), 'False', 'Unhealthy'],
    [known({ status: 'DISCONNECTED' }), 'False', 'Unhealthy'],
    [away('KG_FORBIDDEN'), 'False', 'WrongKey'],
    [away('KG_NOT_FOUND'), 'False', 'UnknownCluster'],
    [away('KG_UNREACHABLE'), 'False', 'Unreachable'],
    [away('KG_PIXIE_PROTOCOL'), 'False', 'Unreachable'],
  ])('of %j is %s, %s', (view, status, reason) => {
    expect(readiness(view, [once])).toMatchObject({ status, reason });
  });

  it('says in the words of Pixie what is wrong', () => {
    const { message } = readiness(known({ status: 'DEGRADED', statusMessage: 'one PEM is missing' }), []);
    expect(message).toBe('Pixie is DEGRADED (one PEM is missing) and its scripts run.');
  });

  it('holds a failure against a script when it comes twice, and names all such scripts', () => {
    const flows = failed(once, 'a stream was cut');
    const births = failed(failed(newState('pod_creation_trace'), ''), 'line 3');
    expect(readiness(known(), [flows, newState('cpu_throttle_detector'), births])).toEqual({
      status: 'False',
      reason: 'ScriptFailing',
      message:
        'network_flow failed 2 times in a row: a stream was cut\npod_creation_trace failed 2 times in a row: line 3',
    });
  });
});
