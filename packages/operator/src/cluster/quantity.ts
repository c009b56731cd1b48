const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENTS: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/;

/**
 * A Kubernetes quantity, like `250m` or `64Mi`, as a number of its unit; null where it is none
 * (apimachinery/pkg/api/resource: Quantity). Exact as far as a double is: it is rounded once, to the nearest.
 */
export function parseQuantity(text: string): number | null {
  const parts = QUANTITY.exec(text);
  if (parts === null) return null;
  const [, digits = '', binary, decimal, exponent] = parts;
  // Digits and exponent are read as one literal: multiplying by 1e-9, which no double holds, would round twice.
  const value =
    binary === undefined
      ? Number(`${digits}e${exponent ?? DECIMAL_EXPONENTS[decimal ?? ''] ?? 0}`)
      : Number(digits) * 2 ** (BINARY_EXPONENTS[binary] ?? 0);
  return Number.isFinite(value) ? value : null;
}
