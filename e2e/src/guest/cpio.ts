/** What an archive holds. Paths have no slash in front; a directory comes before what is in it. */
export type CpioEntry =
  | { readonly type: 'file'; readonly path: string; readonly content: Buffer; readonly mode?: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'directory'; readonly path: string };

const MODES = { file: 0o100_644, link: 0o120_777, directory: 0o040_755 } as const;
const TRAILER = 'TRAILER!!!';

/**
 * An archive that the kernel unpacks into its first root (Documentation/driver-api/early-userspace/buffer-format.rst,
 * "newc"), with everything owned by root and dated 1970.
 */
export function cpio(entries: readonly CpioEntry[]): readonly Buffer[] {
  const members = entries.flatMap((entry, index) => memberOf(entry, index + 1));
  return [...members, header(TRAILER, 0, 0, 0), padding(headerLength(TRAILER))];
}

function memberOf(entry: CpioEntry, inode: number): readonly Buffer[] {
  const content = contentOf(entry);
  const permissions = entry.type === 'file' ? entry.mode : undefined;
  const mode = permissions === undefined ? MODES[entry.type] : 0o100_000 | permissions;
  return [
    header(entry.path, inode, mode, content.length),
    padding(headerLength(entry.path)),
    content,
    padding(content.length),
  ];
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.type === 'file') return entry.content;
  return Buffer.from(entry.type === 'link' ? entry.target : '');
}

/** The fields are eight hexadecimal digits each; the name ends with a zero byte. */
function header(path: string, inode: number, mode: number, size: number): Buffer {
  const owner = [0, 0];
  const devices = [0, 0, 0, 0];
  const fields = [inode, mode, ...owner, 1, 0, size, ...devices, Buffer.byteLength(path) + 1, 0];
  return Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`);
}

const headerLength = (path: string): number => 6 + 13 * 8 + Buffer.byteLength(path) + 1;

/** Names and contents end at a multiple of four. */
const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
