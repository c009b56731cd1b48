import type { Finding } from './finding.ts';
import type { Schema, Type } from './schema.ts';

/** A bpftrace program as it stands in a script. */
export interface ProbeProgram {
  readonly text: string;
  /** The line of the script in which it begins. */
  readonly line: number;
}

/** What a program gives: the columns of its table, in their order. */
export interface ProbeOutput {
  readonly columns: Schema;
  readonly findings: readonly Finding[];
}

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  /** The probes it stands in, as they are written. */
  readonly probes: string;
  readonly line: number;
}

/** What bpftrace 0.15, which is Pixie's, can call; of these, what our programs do. */
const CALLABLE: ReadonlySet<string> = new Set(['printf', 'str', 'ntop', 'delete', 'unroll']);
const KEYWORDS: ReadonlySet<string> = new Set(['if', 'while', 'else', 'return']);

/**
 * Reads what a program prints, by Pixie's rules: its table's columns come from the one format string (bpftrace_wrapper.cc,
 * CheckPrintfs; dynamic_bpftrace_connector.cc, GetColumnNamesFromFmtStr and ConvertFields).
 */
export function outputOf({ text, line }: ProbeProgram): ProbeOutput {
  const code = withoutComments(text);
  const findings: Finding[] = [];
  const report = (rule: string, at: number, message: string): void => {
    findings.push({ rule, line: line + at, message });
  };
  const calls = callsIn(code);
  const prints = calls.filter(({ name }) => name === 'printf');
  const format = unquoted(prints[0]?.args[0] ?? '');
  if (prints.length === 0) report('printf', 0, 'a program must print');
  for (const print of prints) checkPrint(print, format, report);
  for (const { name, line: at } of calls) {
    if (!CALLABLE.has(name) && !KEYWORDS.has(name))
      report('newer-bpftrace', at, `${name}() is not among what Pixie's bpftrace is known to have`);
  }
  checkLanguage(code, report);
  return { columns: columnsOf(format, report), findings };
}

type Report = (rule: string, at: number, message: string) => void;

function checkPrint({ args, probes, line }: Call, format: string, report: Report): void {
  const own = unquoted(args[0] ?? '');
  if (own !== format) report('one-format', line, 'all printf of a program must have the same format');
  if (/\b(?:BEGIN|END)\b/.test(probes)) report('no-printf-in-begin', line, 'BEGIN and END must not print');
  const wanted = tokensOf(own).length;
  if (wanted !== args.length - 1)
    report(
      'argument-count',
      line,
      `the format has ${wanted} columns, and there are ${args.length - 1} values`,
    );
}

function checkLanguage(code: string, report: Report): void {
  const lineOf = (at: number): number => code.slice(0, at).split('\n').length - 1;
  for (const { index } of code.matchAll(/\bfor\s*\(/g))
    report('newer-bpftrace', lineOf(index), 'bpftrace 0.15 has no for');
  for (const { index } of code.matchAll(/\bargs\.\w/g))
    report('newer-bpftrace', lineOf(index), 'bpftrace 0.15 knows args->, not args.');
}

const tokensOf = (format: string): readonly string[] =>
  format.split(' ').filter((token) => token.includes('%'));

function columnsOf(format: string, report: Report): Schema {
  const columns = new Map<string, Type>();
  for (const token of tokensOf(format)) {
    const [, name, conversion] = /^([a-z_]\w*):%(s|[dux]|ll[dux])$/.exec(token) ?? [];
    if (name === undefined || conversion === undefined) {
      report('column-name', 0, `a column is "name:%d", with blanks around it: ${token}`);
    } else if (columns.has(name)) {
      report('column-name', 0, `there are two columns ${name}`);
    } else {
      columns.set(name, conversion === 's' ? 'STRING' : 'INT64');
    }
  }
  if (columns.get('time_') !== 'INT64') report('time', 0, 'a program prints time_ as a whole number: nsecs');
  else columns.set('time_', 'TIME64NS');
  return columns;
}

/** The code with its comments blanked out, so that lines stay where they are. */
const withoutComments = (text: string): string => text.replaceAll(/\/\/.*$/gm, '');

const unquoted = (text: string): string => text.trim().replace(/^"(.*)"$/s, '$1');

/** Each call, and in which probes it stands. Strings may hold brackets and commas. */
function callsIn(code: string): readonly Call[] {
  const calls: Call[] = [];
  for (const { probes, body, from } of blocksIn(code)) {
    const bare = body.replaceAll(/"[^"]*"/g, (text) => `"${' '.repeat(text.length - 2)}"`);
    for (const found of bare.matchAll(/(?<![$@>\w.])([a-z_]\w*)\s*\(/gi)) {
      const name = found[1] ?? '';
      const open = found.index + found[0].length;
      const close = endOf(bare, open);
      calls.push({
        name,
        args: splitAtCommas(bare.slice(open, close), body.slice(open, close)),
        probes,
        line: code.slice(0, from + found.index).split('\n').length - 1,
      });
    }
  }
  return calls;
}

interface Block {
  readonly probes: string;
  readonly body: string;
  readonly from: number;
}

/** The blocks at the outermost level, with the probes before them. */
function blocksIn(code: string): readonly Block[] {
  const blocks: Block[] = [];
  let depth = 0;
  let start = 0;
  let open = 0;
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '{') {
      if (depth === 0) open = at;
      depth += 1;
    } else if (code[at] === '}') {
      depth -= 1;
      if (depth === 0) {
        blocks.push({ probes: code.slice(start, open), body: code.slice(open, at + 1), from: open });
        start = at + 1;
      }
    }
  }
  return blocks;
}

/** Where the bracket that was opened before `from` is closed. */
function endOf(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return code.length;
}

/** Splits where commas stand outside of brackets, by the copy that has its strings blanked out. */
function splitAtCommas(bare: string, text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= bare.length; at += 1) {
    const character = bare[at];
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    if (at === bare.length || (character === ',' && depth === 0)) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return parts;
}
