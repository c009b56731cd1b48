import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { type Finding, lineAt } from './finding.ts';

/** PxL is written in Python's syntax, of which our scripts use expressions, assignments and imports. */
export type Expression = Place &
  (
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
    | { readonly kind: 'index'; readonly of: Expression; readonly key: Expression }
    | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Argument[] }
    | { readonly kind: 'text'; readonly value: string }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
    | { readonly kind: 'dictionary'; readonly entries: readonly Entry[] }
    | { readonly kind: 'operation'; readonly operator: string; readonly operands: readonly Expression[] }
  );

export interface Argument {
  /** null where it is given by its position. */
  readonly name: string | null;
  readonly value: Expression;
}

export type Statement = Place &
  (
    | { readonly kind: 'import'; readonly module: string }
    | { readonly kind: 'assignment'; readonly target: Expression; readonly value: Expression }
    | { readonly kind: 'expression'; readonly value: Expression }
  );

interface Place {
  readonly line: number;
}

export interface Script {
  readonly statements: readonly Statement[];
  readonly findings: readonly Finding[];
}

/** Something that is not Python, or that is none of what our scripts use. */
class NotUnderstood extends Error {
  readonly node: SyntaxNode;
  constructor(node: SyntaxNode) {
    super(node.name);
    this.node = node;
  }
}

/** What a script says. A statement that is not understood is a finding, and is left out. */
export function parse(text: string): Script {
  const statements: Statement[] = [];
  const findings: Finding[] = [];
  for (const node of childrenOf(parser.parse(text).topNode)) {
    try {
      const line = lineAt(text, node.from);
      if (node.name !== 'Comment') statements.push({ ...statement(text, node), line });
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      const { name, from, to } = error.node;
      findings.push({
        rule: 'syntax',
        line: lineAt(text, from),
        message:
          name === '⚠'
            ? 'this is not PxL'
            : `${name} is not used in our scripts: ${text.slice(from, to).slice(0, 40)}`,
      });
    }
  }
  return { statements, findings };
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** The children that mean something: not brackets, commas and comments. */
function partsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const parts = childrenOf(node);
  const wrong = parts.find(({ type }) => type.isError);
  if (wrong !== undefined) throw new NotUnderstood(wrong);
  return parts.filter(({ name }) => !/^(?:[()[\]{},.:]|Comment)$/.test(name));
}

function the(node: SyntaxNode | undefined, parent: SyntaxNode): SyntaxNode {
  if (node === undefined) throw new NotUnderstood(parent);
  return node;
}

type Without<T> = T extends Place ? Omit<T, 'line'> : never;

function statement(text: string, node: SyntaxNode): Without<Statement> {
  const [first, second, third, ...more] = partsOf(node);
  switch (node.name) {
    case 'ImportStatement':
      if (third !== undefined) throw new NotUnderstood(node);
      return { kind: 'import', module: textOf(text, the(second, node)) };
    case 'AssignStatement':
      if (more.length > 0 || second?.name !== 'AssignOp') throw new NotUnderstood(node);
      return {
        kind: 'assignment',
        target: expression(text, the(first, node)),
        value: expression(text, the(third, node)),
      };
    case 'ExpressionStatement':
      return { kind: 'expression', value: expression(text, the(first, node)) };
    default:
      throw new NotUnderstood(node);
  }
}

const textOf = (text: string, { from, to }: SyntaxNode): string => text.slice(from, to);

function expression(text: string, node: SyntaxNode): Expression {
  return { ...meaning(text, node), line: lineAt(text, node.from) };
}

function meaning(text: string, node: SyntaxNode): Without<Expression> {
  const read = (part: SyntaxNode | undefined): Expression => expression(text, the(part, node));
  switch (node.name) {
    case 'VariableName':
      return { kind: 'name', name: textOf(text, node) };
    case 'Number':
      return { kind: 'number', value: Number(textOf(text, node)) };
    case 'String':
      if (textOf(text, node).includes('\\')) throw new NotUnderstood(node);
      return { kind: 'text', value: literal(textOf(text, node)) };
    case 'MemberExpression':
      return member(text, node, read);
    case 'CallExpression': {
      const [callee, list] = partsOf(node);
      return { kind: 'call', callee: read(callee), args: argumentsOf(text, the(list, node)) };
    }
    case 'BinaryExpression':
    case 'UnaryExpression':
      return operation(text, node, read);
    default:
      return collection(node, read);
  }
}

function collection(node: SyntaxNode, read: Read): Without<Expression> {
  switch (node.name) {
    case 'ParenthesizedExpression':
      return read(partsOf(node)[0]);
    case 'ArrayExpression':
      return { kind: 'list', items: partsOf(node).map(read) };
    case 'TupleExpression':
      return { kind: 'tuple', items: partsOf(node).map(read) };
    case 'DictionaryExpression':
      return { kind: 'dictionary', entries: entriesOf(partsOf(node), read) };
    default:
      throw new NotUnderstood(node);
  }
}

type Read = (part: SyntaxNode | undefined) => Expression;

function member(text: string, node: SyntaxNode, read: Read): Without<Expression> {
  const [of, key] = partsOf(node);
  return key?.name === 'PropertyName'
    ? { kind: 'attribute', of: read(of), name: textOf(text, key) }
    : { kind: 'index', of: read(of), key: read(key) };
}

const isLogic = ({ name }: SyntaxNode): boolean => name === 'and' || name === 'or';

/** `a and b and c` is one operation of three to Pixie's parser, and its compiler takes two (ast_visitor.cc). */
const isChain = (node: SyntaxNode): boolean =>
  node.name === 'BinaryExpression' && childrenOf(node).some(isLogic);

function operation(text: string, node: SyntaxNode, read: Read): Without<Expression> {
  const parts = partsOf(node);
  const isOperator = ({ name }: SyntaxNode): boolean => /^(?:ArithOp|CompareOp|and|or|not)$/.test(name);
  const operator = the(parts.find(isOperator), node);
  if (parts.some((part) => isLogic(operator) && isChain(part))) throw new NotUnderstood(node);
  return {
    kind: 'operation',
    operator: textOf(text, operator),
    operands: parts.filter((part) => !isOperator(part)).map(read),
  };
}

function argumentsOf(text: string, list: SyntaxNode): readonly Argument[] {
  const args: Argument[] = [];
  const parts = partsOf(list);
  for (let at = 0; at < parts.length; at += 1) {
    const named = parts[at + 1]?.name === 'AssignOp';
    const value = expression(text, the(parts[named ? at + 2 : at], list));
    args.push({ name: named ? textOf(text, the(parts[at], list)) : null, value });
    if (named) at += 2;
  }
  return args;
}

interface Entry {
  readonly key: Expression;
  readonly value: Expression;
}

/** Keys and values come in turns. */
const entriesOf = (parts: readonly SyntaxNode[], read: Read): readonly Entry[] =>
  parts
    .map((part, at) => ({ part, next: parts[at + 1], at }))
    .filter(({ at }) => at % 2 === 0)
    .map(({ part, next }) => ({ key: read(part), value: read(next) }));

/** The text of a string literal. Our scripts need no backslash in one, so that nobody has to know how PxL reads it. */
function literal(source: string): string {
  const quote = source.startsWith('"""') ? 3 : 1;
  return source.slice(quote, -quote);
}
