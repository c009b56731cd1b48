import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposition } from './exposition.ts';
import { single, type Family } from './family.ts';

describe('exposition', () => {
  it('is Prometheus’ text format', () => {
    const families: readonly Family[] = [
      {
        name: 'container_oom_events_total',
        help: 'Killed.\nA \\ and a "quote"',
        type: 'counter',
        samples: [
          { labels: { id: '/a\\b"c\nd', pod_uid: '' }, value: 3 },
          { labels: {}, value: 1.5e21 },
        ],
      },
      ...single('gauge', 'depth', 'How deep.', Infinity),
      ...single('gauge', 'not_measured', 'Nobody knows.', null),
    ];
    expect(exposition(families)).toBe(
      [
        '# HELP container_oom_events_total Killed.\\nA \\\\ and a "quote"',
        '# TYPE container_oom_events_total counter',
        'container_oom_events_total{id="/a\\\\b\\"c\\nd",pod_uid=""} 3',
        'container_oom_events_total 1.5e+21',
        '# HELP depth How deep.',
        '# TYPE depth gauge',
        'depth +Inf',
        '',
      ].join('\n'),
    );
  });

  it('has one group for each name', () => {
    const text = exposition([
      ...single('gauge', 'a', 'First.', 1),
      ...single('gauge', 'b', 'Second.', 2),
      ...single('gauge', 'a', 'Again.', 3),
    ]);
    expect(text).toBe('# HELP a First.\n# TYPE a gauge\na 1\na 3\n# HELP b Second.\n# TYPE b gauge\nb 2\n');
  });

  it('gives every label and value back, whatever stands in them', () => {
    const sample = fc.record({ text: fc.string({ unit: 'binary' }), value: fc.double({ noNaN: true }) });
    fc.assert(
      fc.property(sample, ({ text, value }) => {
        const family = {
          name: 'x',
          help: '',
          type: 'gauge',
          samples: [{ labels: { l: text }, value }],
        } as const;
        const line = exposition([family]).split('\n')[2] ?? '';
        const [, label = '', number = ''] = /^x\{l="((?:\\.|[^"\\])*)"\} (\S+)$/su.exec(line) ?? [];
        expect(label.replaceAll(/\\(.)/g, (_, after: string) => (after === 'n' ? '\n' : after))).toBe(text);
        expect(Number(number.replace('Inf', 'Infinity')) === value).toBe(true);
      }),
    );
  });
});
