/** 128 bits as two unsigned halves, as Pixie sends them. */
export interface Halves {
  readonly high: bigint;
  readonly low: bigint;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The halves of a UUID in its usual form; null for anything else. */
export function halvesOfUuid(text: string): Halves | null {
  if (!UUID.test(text)) return null;
  const digits = text.replaceAll('-', '');
  return { high: BigInt(`0x${digits.slice(0, 16)}`), low: BigInt(`0x${digits.slice(16)}`) };
}

/** The usual form of a UUID, in lower case. */
export function uuidOfHalves({ high, low }: Halves): string {
  const digits = hex(high) + hex(low);
  const at = [0, 8, 12, 16, 20, 32];
  return at
    .slice(1)
    .map((end, index) => digits.slice(at[index], end))
    .join('-');
}

const hex = (half: bigint): string => half.toString(16).padStart(16, '0');
