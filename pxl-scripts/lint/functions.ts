import type { Type } from './schema.ts';

/** How a function may be called, and what it gives. */
export interface Signature {
  readonly args: readonly Type[];
  readonly gives: Type;
  /** Its first argument is fixed when the script is compiled: no column. */
  readonly fixed?: true;
  /** It asks what only the agent of a node knows of its processes: it comes before rows of nodes are put together. */
  readonly onNode?: true;
}

const signature = (args: readonly Type[], gives: Type): Signature => ({ args, gives });
const ofProcess = (gives: Type): readonly Signature[] => [{ args: ['UINT128'], gives, onNode: true }];
const textToText = [signature(['STRING'], 'STRING')];
const SELECTABLE: readonly Type[] = ['BOOLEAN', 'INT64', 'FLOAT64', 'TIME64NS', 'STRING'];

/** The functions of Pixie's that our scripts call, as they are registered (src/carnot/funcs in pixie-io/pixie). */
export const FUNCTIONS: ReadonlyMap<string, readonly Signature[]> = new Map([
  // metadata/metadata_ops.cc
  ['upid', [{ args: ['INT64', 'INT64'], gives: 'UINT128', onNode: true }]],
  ['upid_to_pod_name', ofProcess('STRING')],
  ['upid_to_node_name', ofProcess('STRING')],
  ['upid_to_container_name', ofProcess('STRING')],
  ['upid_to_container_id', ofProcess('STRING')],
  ['ip_to_pod_id', textToText],
  ['ip_to_service_id', textToText],
  ['pod_id_to_pod_name', textToText],
  ['pod_id_to_node_name', textToText],
  ['service_id_to_service_name', textToText],
  // builtins/{conditionals,json_ops,math_ops,regex_ops}.cc
  ['select', SELECTABLE.map((type) => signature(['BOOLEAN', type, type], type))],
  ['pluck_int64', [signature(['STRING', 'STRING'], 'INT64')]],
  ['pluck_float64', [signature(['STRING', 'STRING'], 'FLOAT64')]],
  ['floor', [signature(['FLOAT64'], 'INT64')]],
  ['time_to_int64', [signature(['TIME64NS'], 'INT64')]],
  ['replace', [{ args: ['STRING', 'STRING', 'STRING'], gives: 'STRING', fixed: true }]],
  // protocols/protocol_ops.cc
  ['protocol_name', [signature(['INT64'], 'STRING')]],
]);

const NUMBERS: readonly Type[] = ['INT64', 'FLOAT64'];
const same = (types: readonly Type[]): readonly Signature[] => types.map((type) => signature([type], type));

/** What puts the rows of a group together (builtins/math_ops.cc, math_sketches.cc). */
export const AGGREGATES: ReadonlyMap<string, readonly Signature[]> = new Map([
  ['min', same([...NUMBERS, 'TIME64NS'])],
  ['max', same([...NUMBERS, 'TIME64NS'])],
  ['sum', same(NUMBERS)],
  ['count', [...SELECTABLE, 'UINT128' as const].map((type) => signature([type], 'INT64'))],
  ['quantiles', NUMBERS.map((type) => signature([type], 'STRING'))],
]);

const compared = (types: readonly Type[]): readonly Signature[] =>
  types.map((type) => signature([type, type], 'BOOLEAN'));
const ORDERED: readonly Type[] = ['INT64', 'FLOAT64', 'TIME64NS', 'STRING'];
const EQUATED: readonly Type[] = [...ORDERED, 'BOOLEAN', 'UINT128'];

/** Operators are functions as well (builtins/math_ops.cc). */
export const OPERATORS: ReadonlyMap<string, readonly Signature[]> = new Map([
  [
    '+',
    [
      ...NUMBERS.map((type) => signature([type, type], type)),
      signature(['STRING', 'STRING'], 'STRING'),
      signature(['TIME64NS', 'INT64'], 'TIME64NS'),
    ],
  ],
  [
    '-',
    [
      ...same(NUMBERS),
      ...NUMBERS.map((type) => signature([type, type], type)),
      signature(['TIME64NS', 'INT64'], 'TIME64NS'),
      signature(['TIME64NS', 'TIME64NS'], 'INT64'),
    ],
  ],
  ['==', compared(EQUATED)],
  ['!=', compared(EQUATED)],
  ['<', compared(ORDERED)],
  ['<=', compared(ORDERED)],
  ['>', compared(ORDERED)],
  ['>=', compared(ORDERED)],
  ['and', compared(['BOOLEAN'])],
  ['or', compared(['BOOLEAN'])],
]);

/** The signature that fits these arguments. */
export const fitting = (signatures: readonly Signature[], args: readonly Type[]): Signature | undefined =>
  signatures.find(
    (candidate) =>
      candidate.args.length === args.length && candidate.args.every((type, at) => type === args[at]),
  );
