import { describe, expect, it } from 'vitest';
import { DETECTOR_DEFAULTS } from '../../packages/observer/src/detect/settings.ts';
import { MEMORY_SETTINGS } from '../../packages/observer/src/memory/detector.ts';
import { NETWORK_DETECTOR_DEFAULTS } from '../../packages/observer/src/network/settings.ts';
import { MEMORY, NETWORK, THROTTLE } from './thresholds.ts';

describe('the thresholds', () => {
  it('of throttling are those of the observer', () => {
    const { enterPercent, minPeriods, calmSeconds, sudden, lasting } = DETECTOR_DEFAULTS;
    expect(THROTTLE).toMatchObject({ enterPercent, minPeriods, calmSeconds });
    expect(THROTTLE.rules).toEqual(
      [sudden, lasting].map(({ heldSeconds, msPerSecond, periodsFactor }) => ({
        heldSeconds,
        msPerSecond,
        periodsFactor,
      })),
    );
  });

  it('of memory are those of the observer', () => {
    expect(MEMORY.nearPercent).toBe(MEMORY_SETTINGS.nearPercent);
  });

  it('of the network are those of the observer', () => {
    const { thresholds } = NETWORK_DETECTOR_DEFAULTS;
    expect(NETWORK).toMatchObject({
      retransmits: thresholdOf('retransmits'),
      drops: thresholdOf('packets'),
      resets: thresholdOf('resets'),
      connection_failures: thresholdOf('outgoing'),
      dns_failures: thresholdOf('incoming'),
    });
    function thresholdOf(measure: keyof typeof thresholds) {
      const { enterPercent, minAttempts } = thresholds[measure];
      return { enterPercent, minAttempts };
    }
  });
});
