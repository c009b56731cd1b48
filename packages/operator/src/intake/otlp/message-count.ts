import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';

/** How a field is written, and of what shape it is where it is a message. */
interface FieldShape {
  readonly wire: number;
  /** Many numbers may be written as one field. */
  readonly mayBePacked: boolean;
  readonly message: MessageShape | null;
}

/** The fields of a message by number. */
export type MessageShape = ReadonlyMap<number, FieldShape>;

const VARINT = 0;
const BITS64 = 1;
const BYTES = 2;
const BITS32 = 5;

/** As deep as other readers of protobuf go. */
const DEEPEST = 100;

/**
 * How many messages there are within the one that a body is, counted without making any: two bytes can be a message, which becomes an
 * object of more than a hundred. Counts to `most` + 1 at most. Null where the body is not well-formed: the decoder reads a field as what it should
 * be, whatever its tag says, so without this check it could be shown something else than what is counted here. That messages
 * are nested more than 100 deep is not well-formed either.
 */
export function countMessages(body: Uint8Array, shape: MessageShape, most: number): number | null {
  let at = 0;
  let count = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < body.length; shift += 7) {
      const byte = body[at] ?? 0;
      at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    // The body ends within it.
    at += 1;
    return 0;
  };
  const skip = (wire: number): boolean => {
    if (wire === VARINT) varint();
    else if (wire === BITS64) at += 8;
    else if (wire === BITS32) at += 4;
    else return false;
    return true;
  };
  const isWhole = (fields: MessageShape, end: number, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    while (at < end && count <= most) {
      const tag = varint();
      const wire = tag & 7;
      const field = fields.get(tag >>> 3);
      if (field !== undefined && !isWrittenAs(field, wire)) return false;
      if (wire === BYTES ? !isWholeWithin(field?.message ?? null, end, depth) : !skip(wire)) return false;
    }
    return at === end || count > most;
  };
  const isWholeWithin = (message: MessageShape | null, end: number, depth: number): boolean => {
    const length = varint();
    const inner = at + length;
    if (inner > end) return false;
    if (message === null) {
      at = inner;
      return true;
    }
    count += 1;
    return isWhole(message, inner, depth + 1);
  };
  return isWhole(shape, body.length, 0) ? count : null;
}

const isWrittenAs = ({ wire, mayBePacked }: FieldShape, given: number): boolean =>
  given === wire || (given === BYTES && mayBePacked);

interface Field {
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}
interface MessageType {
  readonly name: string;
  readonly field: readonly Field[];
  readonly nestedType: readonly MessageType[];
}

const WIRES: Readonly<Record<string, number>> = {
  TYPE_MESSAGE: BYTES,
  TYPE_STRING: BYTES,
  TYPE_BYTES: BYTES,
  TYPE_DOUBLE: BITS64,
  TYPE_FIXED64: BITS64,
  TYPE_SFIXED64: BITS64,
  TYPE_FLOAT: BITS32,
  TYPE_FIXED32: BITS32,
  TYPE_SFIXED32: BITS32,
};

/** The shape of a message by its full name, out of loaded definitions. */
export function shapeOf(definitions: PackageDefinition, name: string): MessageShape {
  const types = typesOf(definitions);
  const shapes = new Map<string, MessageShape>();
  const resolve = (full: string): MessageShape => {
    const known = shapes.get(full);
    if (known !== undefined) return known;
    const shape = new Map<number, FieldShape>();
    shapes.set(full, shape);
    for (const { number, label, type, typeName } of types.get(full)?.field ?? []) {
      const wire = WIRES[type] ?? VARINT;
      const message = type === 'TYPE_MESSAGE' ? resolve(fullNameOf(typeName, full, types)) : null;
      shape.set(number, { wire, mayBePacked: label === 'LABEL_REPEATED' && wire !== BYTES, message });
    }
    return shape;
  };
  return resolve(name);
}

function typesOf(definitions: PackageDefinition): ReadonlyMap<string, MessageType> {
  const types = new Map<string, MessageType>();
  const register = (full: string, type: MessageType): void => {
    types.set(full, type);
    for (const nested of type.nestedType) register(`${full}.${nested.name}`, nested);
  };
  for (const [full, definition] of Object.entries(definitions)) {
    if (isMessageType(definition)) register(full, definition.type as MessageType);
  }
  return types;
}

const isMessageType = (definition: object): definition is MessageTypeDefinition<object, object> =>
  'format' in definition && definition.format === 'Protocol Buffer 3 DescriptorProto';

/** Names are relative, and looked for from the innermost scope outwards, as the language of protobuf has it. */
function fullNameOf(name: string, scope: string, types: ReadonlyMap<string, MessageType>): string {
  const candidate = `${scope}.${name}`;
  if (types.has(candidate)) return candidate;
  const outer = scope.lastIndexOf('.');
  return outer < 0 ? name.replace(/^\./, '') : fullNameOf(name, scope.slice(0, outer), types);
}
