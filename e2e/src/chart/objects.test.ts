import { describe, expect, it } from 'vitest';
import { differences, objectsOf } from './objects.ts';

const service = (more: string): string => `
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: n
  labels:
    app.kubernetes.io/name: a
${more}`;
const PORTS = 'spec:\n  ports: [{ port: 1 }, { port: 2 }]';
const plain = objectsOf(service(PORTS));

describe('what two sets of objects say', () => {
  it('is the same whatever their order, and whatever labels Helm adds', () => {
    const other = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: n }\n';
    const ofHelm = '    helm.sh/chart: c-1\n    app.kubernetes.io/managed-by: Helm\n';
    const keeping = '  annotations: { helm.sh/resource-policy: keep }\n';
    expect(
      differences(
        objectsOf(`${service(PORTS)}\n---\n${other}`),
        objectsOf(`${other}---\n# Source: x\n---\n${service(ofHelm + keeping + PORTS)}`),
      ),
    ).toEqual([]);
  });

  it.each([
    [
      'a value',
      service(PORTS.replace('2', '3')),
      'Service n/a.spec.ports.1.port: 2 in the plain manifests, 3 in the chart',
    ],
    [
      'a type',
      service(PORTS.replace('2', "'2'")),
      'Service n/a.spec.ports.1.port: 2 in the plain manifests, "2" in the chart',
    ],
    [
      'a part less',
      service('spec: {}'),
      'Service n/a.spec.ports: [{"port":1},{"port":2}] in the plain manifests, nothing in the chart',
    ],
    [
      'a label of ours',
      service(`    a: b\n${PORTS}`),
      'Service n/a.metadata.labels.a: nothing in the plain manifests, "b" in the chart',
    ],
  ])('differs by %s', (_what, text, sentence) => {
    expect(differences(plain, objectsOf(text))).toEqual([sentence]);
  });

  it('differs by an object that only one has', () => {
    expect(differences(plain, [])).toEqual(['Service n/a: only in the plain manifests']);
    expect(differences([], plain)).toEqual(['Service n/a: only in the chart']);
  });
});
