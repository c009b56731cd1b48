import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waiting } from '../waiting.ts';
import { fromLine, toLine } from './line.ts';

const anything = fc.tuple(fc.jsonValue(), fc.boolean()).map(([value, isSummary]) => ({
  value,
  item: waiting(JSON.stringify(value), isSummary),
}));

describe('a line of the spool', () => {
  it('is JSON without a line break, and gives back what went in', () => {
    fc.assert(
      fc.property(anything, ({ value, item }) => {
        const line = toLine(item);
        expect(line).not.toContain('\n');
        const parsed = JSON.parse(line) as { observation: unknown };
        expect(JSON.stringify(parsed.observation)).toBe(JSON.stringify(value));
        expect(fromLine(line)).toEqual(item);
      }),
    );
  });

  it('is nothing when it is torn', () => {
    fc.assert(
      fc.property(anything, fc.nat(), ({ item }, at) => {
        const line = toLine(item);
        expect(fromLine(line.slice(0, at % line.length))).toBeNull();
      }),
    );
  });

  it('is nothing when a character of the observation is another one', () => {
    fc.assert(
      fc.property(anything, fc.nat(), ({ item }, at) => {
        const line = toLine(item);
        const start = line.indexOf('"observation":') + '"observation":'.length;
        const index = start + (at % (line.length - 1 - start));
        const other = line[index] === '1' ? '2' : '1';
        expect(fromLine(line.slice(0, index) + other + line.slice(index + 1))).toBeNull();
      }),
    );
  });

  it.each(['', '{}', 'null', '{"crc32":1,"summary":true,"observation":{}}'])('is not %j', (line) => {
    expect(fromLine(line)).toBeNull();
  });
});
