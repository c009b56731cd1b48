/** Reading of JSON that nobody has decoded: whatever is not what it should be is absent. */

/** The field of an object, by the path to it. */
export const fieldOf = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (Reflect.get(at, key) as unknown) : undefined),
    value,
  );

/** A text that says something, or null. */
export const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

export const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `containerd://0123…` as `0123…`. */
export const bareId = (value: unknown): string | null =>
  textOf(value)?.replace(/^[a-z0-9.+-]+:\/\//i, '') ?? null;
