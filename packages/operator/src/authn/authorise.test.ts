import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorise } from './authorise.ts';
import type { Sender } from './sender.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const observer = (nodeName: string): Sender => ({ kind: 'observer', nodeName });
const others: readonly Sender[] = [
  { kind: 'anyone' },
  { kind: 'account', identity: { username: 'u', uid: null, groups: [], extra: {} } },
];

/** Few names, so that some of them meet. */
const node = fc.constantFrom('node-1', 'node-2', 'node-3');
const maybeNode = fc.option(node);
const claim = fc.record({
  pod_uid: fc.option(fc.constant(UID)),
  pod_name: fc.constant('web-1'),
  node_name: maybeNode,
});
const pod = fc.option(fc.record({ nodeName: maybeNode }));

describe('what an observer may speak about', () => {
  it('is a pod that runs on its node, seen on its node, and nothing else', () => {
    fc.assert(
      fc.property(node, pod, claim, (own, about, said) => {
        const may = about?.nodeName === own && (said.node_name ?? own) === own;
        expect(authorise(observer(own), about, said) === null).toBe(may);
      }),
    );
  });

  it('is waited for only while the cluster has not said where the pod runs', () => {
    fc.assert(
      fc.property(node, pod, claim, (own, about, said) => {
        const forbidden = authorise(observer(own), about, { ...said, node_name: null });
        if (forbidden !== null) expect(forbidden.mayPass).toBe((about?.nodeName ?? null) === null);
      }),
    );
  });

  it('is named by what the observation named it by, and never tells where the pod runs', () => {
    const elsewhere = { nodeName: 'node-2' };
    const named = { pod_uid: null, pod_name: 'web-1', node_name: null };
    expect(authorise(observer('node-1'), elsewhere, { ...named, pod_uid: UID })?.failure).toEqual({
      path: 'pod_uid',
      expected: 'a pod of node node-1',
      got: `"${UID}"`,
    });
    expect(authorise(observer('node-1'), elsewhere, named)?.failure).toMatchObject({
      path: 'pod_name',
      got: '"web-1"',
    });
    expect(authorise(observer('node-1'), null, { ...named, node_name: 'node-2' })).toEqual({
      mayPass: false,
      failure: { path: 'node_name', expected: 'node-1, the node that the token names', got: '"node-2"' },
    });
  });
});

it('nodes say nothing about other senders', () => {
  fc.assert(
    fc.property(fc.constantFrom(...others), pod, claim, (sender, about, said) => {
      expect(authorise(sender, about, said)).toBeNull();
    }),
  );
});
