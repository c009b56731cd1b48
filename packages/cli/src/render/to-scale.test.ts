import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOW, whisper } from '../testing/whispers.ts';
import { widthOf } from '../terminal/width.ts';
import { toScale } from './to-scale.ts';

const paper = { chalk: new Chalk({ level: 0 }), width: 80, now: NOW };
const cpu = (actual: number | null, metrics: number | null, limit: number | null) =>
  whisper({
    spec: {
      kernel_truth: { throttled_percent: 85.5, actual_cpu_cores: actual, limit_cores: limit },
      metrics_lie: metrics === null ? null : { reported_cpu_cores: metrics },
    },
  });

describe('figures to one scale', () => {
  test('have bars as long as they are large; what was not measured has none and says so', () => {
    expect(toScale(cpu(1, 0.5, null), paper)).toEqual([
      `  kernel  ${'█'.repeat(59)} 1 core`,
      `  metrics ${'█'.repeat(30)} 0.5 cores`,
    ]);
    expect(toScale(cpu(1, null, 2), paper).map((line) => line.trim().split(' ')[0])).toEqual([
      'kernel',
      'metrics',
      'limit',
    ]);
    expect(toScale(cpu(1, null, 2), paper)[1]).toBe('  metrics not measured');
    expect(toScale(cpu(1, 0, null), paper)[1]).toBe('  metrics 0 cores');
  });

  test('are not drawn where there is nothing to compare', () => {
    expect(toScale(cpu(1, null, null), paper)).toEqual([]);
    expect(toScale(cpu(0, 0, null), paper)).toEqual([]);
  });

  test('stay on the paper, and the largest has the longest bar', () => {
    const cores = fc.option(fc.double({ min: 0, max: 1000, noNaN: true }));
    fc.assert(
      fc.property(cores, cores, cores, fc.integer({ min: 40, max: 160 }), (kernel, metrics, limit, width) => {
        const lines = toScale(cpu(kernel, metrics, limit), { ...paper, width });
        const lengths = lines.map((line) => line.split('█').length - 1);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        for (const [index, value] of [kernel, metrics, limit].entries())
          if (value !== null && lines.length > 0 && value >= Math.max(kernel ?? 0, metrics ?? 0, limit ?? 0))
            expect(lengths[index]).toBe(Math.max(...lengths));
      }),
    );
  });
});
