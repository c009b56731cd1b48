import { callOf, type Given } from './calls.ts';
import type { Finding } from './finding.ts';
import { fitting, OPERATORS } from './functions.ts';
import { type Schema, TABLES, type Type } from './schema.ts';
import { report, type State } from './state.ts';
import { type Expression, parse, type Statement } from './syntax.ts';
import { isGathered, typeOf, UNKNOWN, type Value } from './value.ts';

/** What a script does, as far as it can be told without running it. */
export interface Checked {
  readonly findings: readonly Finding[];
  /** The tables it shows, with their columns. */
  readonly displayed: ReadonlyMap<string, Schema>;
  /** Its probes' names, with the program of each. */
  readonly probes: ReadonlyMap<string, string>;
  /** The metrics it exports. */
  readonly exported: readonly string[];
}

/**
 * Goes through a script as Pixie's compiler does: which columns each table has at each step, and of which types. `tables` are
 * those that probes fill which are put there by somebody else.
 */
export function check(text: string, tables: ReadonlyMap<string, Schema> = new Map()): Checked {
  const { statements, findings } = parse(text);
  const state: State = {
    names: new Map(),
    tables: new Map([...TABLES, ...tables]),
    findings: [...findings],
    displayed: new Map(),
    probes: new Map(),
    exported: [],
  };
  for (const statement of statements) run(state, statement);
  return state;
}

function run(state: State, statement: Statement): void {
  switch (statement.kind) {
    case 'import':
      if (!/^px(?:trace)?$/.test(statement.module))
        report(state, 'import', statement.line, `there is no module ${statement.module}`);
      state.names.set(statement.module, { kind: 'path', path: statement.module });
      return;
    case 'expression':
      evaluate(state, statement.value);
      return;
    case 'assignment':
      assign(state, statement.target, evaluate(state, statement.value));
  }
}

function assign(state: State, target: Expression, value: Value): void {
  if (target.kind === 'name') {
    state.names.set(target.name, value);
  } else if (target.kind === 'attribute' && target.of.kind === 'name') {
    setColumn(state, target.of, target.name, value);
  } else {
    report(state, 'syntax', target.line, 'only names and columns can be set');
  }
}

function setColumn(
  state: State,
  of: Extract<Expression, { kind: 'name' }>,
  column: string,
  value: Value,
): void {
  const table = evaluate(state, of);
  const type = typeOf(value);
  if (table.kind === 'unknown' || value.kind === 'unknown') return;
  if (table.kind !== 'frame' || type === null) {
    report(state, 'type', of.line, `${of.name}.${column} can not be set to this`);
    return;
  }
  state.names.set(of.name, { ...table, columns: new Map([...table.columns, [column, type]]) });
}

export function evaluate(state: State, expression: Expression): Value {
  const { line } = expression;
  switch (expression.kind) {
    case 'name':
      return state.names.get(expression.name) ?? report(state, 'name', line, `${expression.name} is not set`);
    case 'text':
      return expression;
    case 'number':
      return { kind: 'number', value: expression.value };
    case 'list':
    case 'tuple':
      return { kind: 'list', items: expression.items.map((item) => evaluate(state, item)) };
    case 'dictionary':
      return {
        kind: 'dictionary',
        entries: expression.entries.map(({ key, value }) => ({
          key: key.kind === 'text' ? key.value : '',
          value: evaluate(state, value),
        })),
      };
    case 'attribute':
      return attribute(state, evaluate(state, expression.of), expression.name, line);
    case 'index':
      return index(state, evaluate(state, expression.of), evaluate(state, expression.key), line);
    case 'operation':
      return operation(state, expression);
    case 'call':
      return call(state, expression);
  }
}

const METHODS: ReadonlySet<string> = new Set(['groupby', 'agg', 'merge', 'append']);

function attribute(state: State, of: Value, name: string, line: number): Value {
  if (of.kind === 'path') return { kind: 'path', path: `${of.path}.${name}` };
  if (of.kind === 'unknown') return UNKNOWN;
  if (of.kind !== 'frame' && of.kind !== 'groups')
    return report(state, 'type', line, `there is no ${name} here`);
  if (METHODS.has(name)) return { kind: 'method', of, name };
  const type = of.kind === 'frame' ? of.columns.get(name) : undefined;
  return type === undefined
    ? report(state, 'column', line, `there is no column ${name}`)
    : { kind: 'column', type, gathered: isGathered(of) };
}

/** Keeps the columns of a list, or the rows for which a condition holds. */
function index(state: State, of: Value, key: Value, line: number): Value {
  if (of.kind === 'unknown' || key.kind === 'unknown') return UNKNOWN;
  if (of.kind !== 'frame') return report(state, 'type', line, 'only a table has columns and rows');
  if (key.kind === 'list') return kept(state, of, key, line);
  return typeOf(key) === 'BOOLEAN'
    ? of
    : report(state, 'type', line, 'rows are kept by a condition, columns by a list of their names');
}

function kept(
  state: State,
  of: Extract<Value, { kind: 'frame' }>,
  list: Extract<Value, { kind: 'list' }>,
  line: number,
): Value {
  const columns = new Map<string, Type>();
  for (const item of list.items) {
    const name = item.kind === 'text' ? item.value : '';
    const type = of.columns.get(name);
    if (type === undefined) report(state, 'column', line, `there is no column ${name}`);
    else columns.set(name, type);
  }
  return { ...of, columns };
}

function operation(
  state: State,
  { operator, operands, line }: Extract<Expression, { kind: 'operation' }>,
): Value {
  const values = operands.map((operand) => evaluate(state, operand));
  if (values.some(({ kind }) => kind === 'unknown')) return UNKNOWN;
  const types = values.map(typeOf);
  if (!types.every((type) => type !== null)) return report(state, 'type', line, `${operator} is for columns`);
  const found = fitting(OPERATORS.get(operator) ?? [], types);
  return found === undefined
    ? report(state, 'type', line, `there is no ${operator} of ${types.join(' and ')}`)
    : { kind: 'column', type: found.gives, gathered: values.some(isGathered) };
}

function call(state: State, { callee, args, line }: Extract<Expression, { kind: 'call' }>): Value {
  const given: Given = {
    line,
    positional: args.filter(({ name }) => name === null).map(({ value }) => evaluate(state, value)),
    named: new Map(
      args.flatMap(({ name, value }) => (name === null ? [] : [[name, evaluate(state, value)]])),
    ),
    /** As they are written, for what must be written in one way. */
    written: new Map(args.flatMap(({ name, value }) => (name === null ? [] : [[name, value]]))),
  };
  const called = evaluate(state, callee);
  return called.kind === 'unknown' ? UNKNOWN : callOf(state, called, given);
}
