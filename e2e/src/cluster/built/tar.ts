export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly content: Buffer; readonly mode?: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'directory'; readonly path: string; readonly mode?: number };

const BLOCK = 512;
const TYPE_FLAGS = { file: '0', link: '2', directory: '5' } as const;

/** A ustar archive (POSIX.1-1988) with everything owned by root and dated 1970, so that equal input is equal output. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf(entry: TarEntry): readonly Buffer[] {
  const content = entry.type === 'file' ? entry.content : Buffer.alloc(0);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return [header(entry, content.length), content, padding];
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const mode = entry.type === 'link' ? 0o777 : (entry.mode ?? (entry.type === 'file' ? 0o644 : 0o755));
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`too long for a ustar name: ${entry.path}`);
  block.write(entry.path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(TYPE_FLAGS[entry.type], 156);
  if (entry.type === 'link') block.write(entry.target, 157);
  block.write('ustar\u000000', 257);
  // The checksum is taken with its own field filled with spaces.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
