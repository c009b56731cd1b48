import { AGGREGATES, fitting, FUNCTIONS } from './functions.ts';
import { outputOf } from './probe-program.ts';
import { PRIVATE_COLUMNS, type Schema, type Type } from './schema.ts';
import { report, type State } from './state.ts';
import type { Expression } from './syntax.ts';
import {
  type Frame,
  frame,
  type Groups,
  isGathered,
  textOf,
  textsOf,
  typeOf,
  UNKNOWN,
  type Value,
} from './value.ts';

/** What a function is called with. */
export interface Given {
  readonly line: number;
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  readonly written: ReadonlyMap<string, Expression>;
}

type Call = (state: State, given: Given) => Value;

/** What our scripts call of Pixie's modules besides functions of columns (planner/objects, planner/probes in pixie-io/pixie). */
const CALLS: Readonly<Record<string, Call>> = {
  'px.now': () => ({ kind: 'made', by: 'px.now', of: [] }),
  'px.DataFrame': dataFrame,
  'px.display': display,
  'px.export': exported,
  'px.otel.Data': otelData,
  'px.otel.metric.Gauge': gauge,
  'pxtrace.kprobe': () => ({ kind: 'made', by: 'pxtrace.kprobe', of: [] }),
  'pxtrace.TraceProgram': (_state, { named }) => ({
    kind: 'made',
    by: 'pxtrace.TraceProgram',
    of: [named.get('program') ?? UNKNOWN],
  }),
  'pxtrace.UpsertTracepoint': upsertTracepoint,
};

export function callOf(state: State, called: Value, given: Given): Value {
  if (called.kind === 'method') return METHODS[called.name]?.(state, called.of, given) ?? UNKNOWN;
  if (called.kind !== 'path') return report(state, 'type', given.line, 'this can not be called');
  const own = Object.hasOwn(CALLS, called.path) ? CALLS[called.path] : undefined;
  return own === undefined ? columnFunction(state, called.path, given) : own(state, given);
}

function columnFunction(state: State, path: string, { line, positional, named }: Given): Value {
  const signatures = path.startsWith('px.') ? FUNCTIONS.get(path.slice('px.'.length)) : undefined;
  if (signatures === undefined) return report(state, 'function', line, `Pixie is not known to have ${path}`);
  if (positional.some(({ kind }) => kind === 'unknown')) return UNKNOWN;
  const types = positional.map(typeOf);
  const found = types.every((type) => type !== null) ? fitting(signatures, types) : undefined;
  if (found === undefined || named.size > 0)
    return report(state, 'type', line, `${path} does not take ${types.join(', ')}`);
  if (found.fixed === true && positional[0]?.kind !== 'text')
    return report(state, 'type', line, `the first argument of ${path} is a text that stands in the script`);
  const gathered = positional.some(isGathered);
  if (found.onNode === true && gathered)
    return report(state, 'on-node', line, `${path} must come before rows of nodes are put together`);
  return { kind: 'column', type: found.gives, gathered };
}

const isName = (expression: Expression | undefined, name: string): boolean =>
  expression?.kind === 'name' && expression.name === name;

function dataFrame(state: State, { line, named, written, positional }: Given): Value {
  for (const name of ['start_time', 'end_time']) {
    if (!isName(written.get(name), name))
      report(state, 'window', line, `a table is read with ${name}=${name}: the window is set in one place`);
  }
  const table = textOf(named.get('table') ?? positional[0]);
  const all = table === null ? undefined : state.tables.get(table);
  if (table === null || all === undefined)
    return report(state, 'table', line, `there is no table ${String(table)}`);
  const selected = named.has('select') ? textsOf(named.get('select')) : [...all.keys()];
  return frame(selectedFrom(state, { table, all, names: selected ?? [], line }), false);
}

interface Selection {
  readonly table: string;
  readonly all: Schema;
  readonly names: readonly string[];
  readonly line: number;
}

function selectedFrom(state: State, { table, all, names, line }: Selection): Schema {
  const columns = new Map<string, Type>();
  for (const name of names) {
    const type = all.get(name);
    if (type === undefined) report(state, 'column', line, `${table} has no column ${name}`);
    else columns.set(name, type);
    if (table === 'http_events' && PRIVATE_COLUMNS.has(name))
      report(state, 'private', line, `${name} is what people sent each other: it must not be read`);
  }
  return columns;
}

function display(state: State, { line, positional }: Given): Value {
  const [shown, name] = positional;
  if (shown?.kind === 'unknown') return UNKNOWN;
  const table = textOf(name);
  if (shown?.kind !== 'frame' || table === null)
    return report(state, 'display', line, 'a table is shown under a name');
  if (state.displayed.has(table)) report(state, 'display', line, `${table} is shown twice`);
  state.displayed.set(table, shown.columns);
  return UNKNOWN;
}

/** A metric's name (opentelemetry.io, instrument naming; Pixie's otel.cc checks it). */
const METRIC = /^[A-Za-z][A-Za-z0-9_.-]*$/;

function gauge(state: State, { line, named }: Given): Value {
  const name = textOf(named.get('name'));
  const value = named.get('value') ?? UNKNOWN;
  if (name === null || !METRIC.test(name)) return report(state, 'export', line, 'a metric has a name');
  const type = typeOf(value);
  if (type !== 'INT64' && type !== 'FLOAT64')
    return report(state, 'export', line, `${name} is no number, but ${String(type)}`);
  return { kind: 'made', by: 'px.otel.metric.Gauge', of: [{ kind: 'text', value: name, line }] };
}

function otelData(state: State, { line, named }: Given): Value {
  const resource = named.get('resource');
  const data = named.get('data');
  const entries = resource?.kind === 'dictionary' ? resource.entries : [];
  if (!entries.some(({ key }) => key === 'service.name'))
    report(state, 'export', line, 'what is exported needs service.name');
  for (const { key, value } of entries) {
    if (typeOf(value) !== 'STRING' || value.kind !== 'column')
      report(state, 'export', line, `${key} is no column of texts`);
  }
  return { kind: 'made', by: 'px.otel.Data', of: data?.kind === 'list' ? data.items : [] };
}

function exported(state: State, { line, positional }: Given): Value {
  const [table, data] = positional;
  if (table?.kind !== 'frame' || data?.kind !== 'made' || data.of.length === 0)
    return report(state, 'export', line, 'a table is exported as data that has metrics');
  if (table.columns.get('time_') !== 'TIME64NS') report(state, 'export', line, 'a metric needs time_');
  for (const made of data.of) state.exported.push(made.kind === 'made' ? (textOf(made.of[0]) ?? '') : '');
  return UNKNOWN;
}

const VERSIONED = /^kg_[a-z_]+_v\d+$/;
const TTL = /^\d+[smh]$/;

function upsertTracepoint(state: State, { line, positional }: Given): Value {
  const [name, table, program, target, ttl] = positional;
  const tracepoint = textOf(name) ?? '';
  if (!VERSIONED.test(tracepoint) || textOf(table) !== tracepoint)
    report(state, 'versioned', line, 'a probe and its table have one name, which ends in a version');
  if (target?.kind !== 'made' || !TTL.test(textOf(ttl) ?? ''))
    report(state, 'probe', line, 'a probe has pxtrace.kprobe() as its target, and a time to live');
  const made = program?.kind === 'made' ? program.of[0] : program;
  if (made?.kind !== 'text') return report(state, 'probe', line, 'a probe has a program');
  const { columns, findings } = outputOf({ text: made.value, line: made.line });
  state.findings.push(...findings);
  state.tables.set(tracepoint, columns);
  state.probes.set(tracepoint, made.value);
  return UNKNOWN;
}

type Method = (state: State, of: Frame | Groups, given: Given) => Value;

const METHODS: Readonly<Record<string, Method>> = { groupby, agg, merge, append };

function groupby(state: State, of: Frame | Groups, { line, positional }: Given): Value {
  const by = textsOf(positional[0]);
  if (of.kind !== 'frame' || by === null)
    return report(state, 'type', line, 'groupby takes names of columns');
  const missing = by.filter((name) => !of.columns.has(name));
  return missing.length > 0
    ? report(state, 'column', line, `there is no column ${missing.join(', ')}`)
    : { kind: 'groups', by, of };
}

function agg(state: State, of: Frame | Groups, { line, named }: Given): Value {
  const source = of.kind === 'groups' ? of.of : of;
  const columns = new Map<string, Type>();
  for (const name of of.kind === 'groups' ? of.by : [])
    columns.set(name, source.columns.get(name) ?? 'STRING');
  for (const [name, value] of named) {
    const type = aggregate(state, source.columns, value, line);
    if (columns.has(name)) report(state, 'column', line, `there are two columns ${name}`);
    if (type !== null) columns.set(name, type);
  }
  return frame(columns, true);
}

function aggregate(state: State, columns: Schema, value: Value, line: number): Type | null {
  const [of, by] = value.kind === 'list' ? value.items : [];
  const column = textOf(of) ?? '';
  const path = by?.kind === 'path' ? by.path : '';
  const type = columns.get(column);
  if (type === undefined) {
    report(state, 'column', line, `there is no column ${column}`);
    return null;
  }
  const found = fitting(AGGREGATES.get(path.replace(/^px\./, '')) ?? [], [type]);
  if (found === undefined) report(state, 'function', line, `there is no ${path} of ${type}`);
  return found?.gives ?? null;
}

/** Of columns that both have, each side's get its suffix. */
function merge(state: State, of: Frame | Groups, { line, positional, named }: Given): Value {
  const [other] = positional;
  const keys = [textsOf(named.get('left_on')), textsOf(named.get('right_on'))];
  const [left = '', right = ''] = textsOf(named.get('suffixes')) ?? [];
  if (of.kind !== 'frame' || other?.kind !== 'frame' || keys.includes(null))
    return report(state, 'type', line, 'merge takes a table, and the columns by which rows belong together');
  if (!['left', 'inner', 'right', 'outer'].includes(textOf(named.get('how')) ?? ''))
    report(state, 'type', line, 'merge says how: left, inner, right or outer');
  keys.forEach((names, side) => {
    for (const name of names ?? [])
      if (!(side === 0 ? of : other).columns.has(name))
        report(state, 'column', line, `there is no column ${name}`);
  });
  const columns = new Map<string, Type>();
  const put = (from: Frame, against: Frame, suffix: string): void => {
    for (const [name, type] of from.columns) {
      const full = against.columns.has(name) ? `${name}${suffix}` : name;
      if (columns.has(full)) report(state, 'column', line, `there are two columns ${full}`);
      columns.set(full, type);
    }
  };
  put(of, other, left);
  put(other, of, right);
  return frame(columns, true);
}

function append(state: State, of: Frame | Groups, { line, positional }: Given): Value {
  const [given] = positional;
  const others = given?.kind === 'list' ? given.items : [given];
  const columnsOf = (value: Value | undefined): string =>
    value?.kind === 'frame' ? JSON.stringify([...value.columns]) : '';
  if (others.some((other) => other?.kind === 'unknown')) return UNKNOWN;
  if (of.kind !== 'frame' || others.some((other) => columnsOf(other) !== columnsOf(of)))
    return report(
      state,
      'append',
      line,
      'tables are put together that have the same columns in the same order',
    );
  return frame(of.columns, true);
}
