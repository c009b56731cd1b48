import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Gate, type Place } from './gate.ts';

const LIMITS = { requests: 8, bytes: 100, patienceMs: 60_000 };

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('holds no more than it may, and lets everybody in, in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }), async (sizes) => {
      const gate = new Gate(LIMITS);
      const inside: { place: Place; bytes: number }[] = [];
      const order: number[] = [];
      sizes.forEach((bytes, index) => {
        void gate.enter(bytes).then((place) => {
          order.push(index);
          inside.push({ place: place!, bytes });
        });
      });
      for (let left = 0; left < sizes.length;) {
        await turn();
        expect(inside.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(100);
        expect(inside.length).toBeGreaterThan(0);
        inside.shift()?.place.leave();
        left += 1;
      }
      expect(order).toEqual(sizes.map((_, index) => index));
    }),
  );
});

it('gives room back as soon as it is not needed', async () => {
  const gate = new Gate(LIMITS);
  const first = await gate.enter(100);
  const second = gate.enter(100);
  first?.shrinkTo(1);
  let isIn = false;
  void second.then(() => (isIn = true));
  await turn();
  expect(isIn).toBe(false);
  first?.leave();
  first?.leave();
  const place = await second;
  expect(place).not.toBeNull();
  // Leaving twice gave nothing back twice: there is still no room beside the second.
  const third = gate.enter(1);
  let isThirdIn = false;
  void third.then(() => (isThirdIn = true));
  await turn();
  expect(isThirdIn).toBe(false);
  place?.leave();
  expect(await third).not.toBeNull();
});

it('refuses who waited too long, and whoever is one too many', async () => {
  const gate = new Gate({ requests: 2, bytes: 10, patienceMs: 20 });
  const place = await gate.enter(10);
  const waiting = gate.enter(10);
  expect(await gate.enter(0)).toBeNull();
  expect(await waiting).toBeNull();
  place?.leave();
  expect(await gate.enter(10)).not.toBeNull();
});

it('lets in who waits behind one that gave up', async () => {
  const gate = new Gate({ requests: 8, bytes: 10, patienceMs: 50 });
  await gate.enter(5);
  const large = gate.enter(10);
  await new Promise((resolve) => setTimeout(resolve, 25));
  const small = gate.enter(5);
  expect(await large).toBeNull();
  expect(await small).not.toBeNull();
});
