import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpio, type CpioEntry } from './cpio.ts';

interface Member {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** Reads as the format is described, and fails on a member that does not begin at a multiple of four. */
function membersOf(archive: Buffer): readonly Member[] {
  const members: Member[] = [];
  for (let at = 0; at < archive.length;) {
    expect(at % 4).toBe(0);
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const from = Math.ceil((at + 110 + nameSize) / 4) * 4;
    members.push({ path, mode, content: archive.subarray(from, from + size) });
    at = Math.ceil((from + size) / 4) * 4;
  }
  return members;
}

const paths = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), {
  minLength: 1,
  maxLength: 8,
});

describe('a cpio archive', () => {
  it('holds what was put into it, whatever its length, and an end', () => {
    const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(paths, content, (names, bytes) => {
        const files = names.map((path): CpioEntry => ({ type: 'file', path, content: bytes }));
        const members = membersOf(Buffer.concat(cpio(files)));
        expect(members.map(({ path }) => path)).toEqual([...names, 'TRAILER!!!']);
        for (const member of members.slice(0, -1)) expect(member.content).toEqual(bytes);
      }),
    );
  });

  it('says what is a directory, a link and a program', () => {
    const members = membersOf(
      Buffer.concat(
        cpio([
          { type: 'directory', path: 'bin' },
          { type: 'link', path: 'bin/sh', target: 'busybox' },
          { type: 'file', path: 'bin/busybox', content: Buffer.from('ELF'), mode: 0o755 },
        ]),
      ),
    );
    expect(members.map(({ mode }) => mode)).toEqual([0o040_755, 0o120_777, 0o100_755, 0]);
    expect(members[1]?.content.toString()).toBe('busybox');
  });
});
