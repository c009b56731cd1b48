import { closeSync, openSync, readSync } from 'node:fs';

/** Sections that Go's linker writes into every program, also where symbols are stripped (cmd/link, debug/buildinfo). */
const GO_SECTIONS = ['.go.buildinfo', '.gopclntab'];

/** ELF for 64 bits, little-endian: all that Kubernetes runs on but s390x. */
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
/** Far more than linkers make; a file that says more is not looked at. */
const MOST_SECTIONS = 256;
const MOST_NAME_BYTES = 16_384;

function readAt(descriptor: number, position: number, length: number): Buffer | null {
  const buffer = Buffer.alloc(length);
  return readSync(descriptor, buffer, 0, length, position) === length ? buffer : null;
}

/** The names of the sections, each between two zeros; null where the file is no such program. */
function sectionNames(descriptor: number): string | null {
  const header = readAt(descriptor, 0, HEADER_BYTES);
  if (header?.subarray(0, MAGIC.length).equals(MAGIC) !== true) return null;
  const [size, count, names] = [58, 60, 62].map((offset) => header.readUInt16LE(offset));
  if (size !== SECTION_BYTES || count === undefined || names === undefined) return null;
  if (count > MOST_SECTIONS || names >= count) return null;
  const start = Number(header.readBigUInt64LE(40)) + names * SECTION_BYTES;
  const section = readAt(descriptor, start, SECTION_BYTES);
  if (section === null) return null;
  const length = Number(section.readBigUInt64LE(32));
  if (length > MOST_NAME_BYTES) return null;
  return readAt(descriptor, Number(section.readBigUInt64LE(24)), length)?.toString('latin1') ?? null;
}

/** Whether the program in this file was made by Go: false, too, where it cannot be read. Reads its section headers only. */
export function isGoBinary(path: string): boolean {
  let descriptor = -1;
  try {
    descriptor = openSync(path, 'r');
    const names = sectionNames(descriptor)?.split('\0') ?? [];
    return GO_SECTIONS.some((name) => names.includes(name));
  } catch {
    // No such file, no right, or an offset beyond what can be read.
    return false;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}
