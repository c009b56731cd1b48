import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../install.ts';

export const FOLDER = join(REPOSITORY, 'k8s/monitoring/kernel-gossip');

/** An alert of the PrometheusRule, or whatever else stands there. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly spec: { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
}
const rules = parse(readFileSync(join(FOLDER, 'prometheus-rule.yaml'), 'utf8')) as RuleFile;

/** What Prometheus itself reads: the operator of Prometheus makes the same of the object. JSON is YAML. */
export const RULE_FILE = JSON.stringify(rules.spec);
export const RULES: readonly Rule[] = rules.spec.groups.flatMap((group) => group.rules);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Variable {
  readonly query: string | { readonly query: string };
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export interface Query {
  readonly panel: string;
  readonly expr: string;
}

const dashboard = JSON.parse(readFileSync(join(FOLDER, 'dashboard.json'), 'utf8')) as Dashboard;

/** Every query of the dashboard, with its variables filled in: all nodes, and a window of 15 seconds. */
export const QUERIES: readonly Query[] = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    panel: title,
    expr: expr.replaceAll('$__rate_interval', '15s').replaceAll('$node', '.*'),
  })),
);

/** What the dashboard's variables ask for. */
export const VARIABLES: readonly string[] = dashboard.templating.list.map(({ query }) =>
  typeof query === 'string' ? query : query.query,
);

/** Names of metrics in a query: what is neither followed by a bracket, as functions are, nor a label or a word of PromQL. */
export function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"(?:\\.|[^"\\])*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const words = bare.matchAll(/\b[a-zA-Z_][\w:]*\b(?!\s*\()/g);
  return [...new Set([...words].map(([word]) => word))].filter((word) => !KEYWORDS.has(word));
}

const KEYWORDS = new Set([
  ...['by', 'without', 'on', 'ignoring', 'and', 'or', 'unless', 'offset', 'bool'],
  ...['sum', 'max', 'min', 'count', 'absent', 'node'],
]);
