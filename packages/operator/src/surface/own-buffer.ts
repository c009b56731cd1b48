/**
 * A text in UTF-8 in memory of its own. What is kept for long must not come from Node's pool, of which a small buffer keeps
 * 64 KiB alive.
 */
export function ownBuffer(text: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  buffer.write(text);
  return buffer;
}
