import {
  decimalOf,
  integerOf,
  isMessage,
  messagesOf,
  textOf,
  type Message,
  type NoteFault,
} from './message.ts';

/** What an attribute may be, as far as we read any. */
export type AttributeValue = string | bigint | number | boolean;
/** What a sender says of a resource, a data point or a span, by key. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/**
 * The attributes of a message. Lists, maps and bytes are left out: nothing that we look for is one. Of a key that comes twice,
 * which the specification forbids, the first counts.
 */
export function attributesOf(message: Message | null, noteFault: NoteFault): Attributes {
  const attributes = new Map<string, AttributeValue>();
  if (message === null) return attributes;
  for (const attribute of messagesOf(message, 'attributes', noteFault)) {
    const key = textOf(attribute, 'key', noteFault);
    const value = isMessage(attribute.value) ? valueOf(attribute.value) : null;
    if (value !== null && !attributes.has(key)) attributes.set(key, value);
  }
  return attributes;
}

function valueOf({ stringValue, boolValue, intValue, doubleValue }: Message): AttributeValue | null {
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  return integerOf(intValue) ?? decimalOf(doubleValue);
}

/** The first of these attributes that is a text, and not an empty one. */
export function textAt(attributes: Attributes, ...keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = attributes.get(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

/** The first of these attributes that is a whole number, written as one or as text. */
export function integerAt(attributes: Attributes, ...keys: readonly string[]): bigint | null {
  for (const key of keys) {
    const value = attributes.get(key);
    const integer = typeof value === 'bigint' ? value : integerOf(value);
    if (integer !== null) return integer;
  }
  return null;
}
