import type { PixieScript, TableName } from '../src/index.ts';
import { displayedAs } from './displayed.ts';

/** Columns that say whom a row is about have names in OpenTelemetry (opentelemetry.io, resource conventions for Kubernetes). */
const RESOURCE: Readonly<Record<string, string>> = {
  node: 'k8s.node.name',
  container: 'k8s.container.name',
  container_id: 'container.id',
};

/** Pixie's name of a pod is "namespace/name". */
const SPLIT = [
  `df.service_name = 'kernel-gossip'`,
  `df.namespace = px.replace('/.*', df.pod, '')`,
  `df.pod_name = px.replace('.*/', df.pod, '')`,
];
const ABOUT = [
  `'service.name': df.service_name,`,
  `'k8s.namespace.name': df.namespace,`,
  `'k8s.pod.name': df.pod_name,`,
];

const PROBE = /^# probe: begin$.*?^# probe: end$\n\n?/ms;

/**
 * The script as Pixie runs it by its own clock and pushes what it finds by OpenTelemetry. Such a run puts no probe into the
 * kernel, so what is about probes is left out: the operator, or `px run` of the script itself, keeps them there.
 */
export function exportVariant(text: string, { name, tables }: PixieScript): string {
  const body = text
    .replace(PROBE, '')
    .replace(/^import pxtrace\n/m, '')
    .replace(/^start_time = .*$/m, 'start_time = px.plugin.start_time')
    .replace(/^end_time = .*$/m, 'end_time = px.plugin.end_time')
    .replaceAll(/^px\.display\(df, '(\w+)'\)$/gm, (_line, table: string) => exportOf(table, tables));
  return `# Generated from src/${name}.pxl by lint/export.ts: change that, not this.\n${body}`;
}

function exportOf(table: string, tables: readonly TableName[]): string {
  const known = tables.find((name) => name === table);
  if (known === undefined) throw new Error(`${table} is not among the script's tables`);
  const columns = [...displayedAs(known)].filter(([name]) => name !== 'time_');
  const texts = columns.filter(([name, type]) => type === 'STRING' && name !== 'pod').map(([name]) => name);
  const times = columns.filter(([, type]) => type === 'TIME64NS').map(([name]) => name);
  const numbers = columns.filter(([, type]) => type !== 'STRING').map(([name]) => name);
  return [
    ...SPLIT,
    ...times.map((name) => `df.${name} = px.time_to_int64(df.${name})`),
    'px.export(df, px.otel.Data(',
    '    resource={',
    ...ABOUT.map((line) => `        ${line}`),
    ...texts.map((name) => `        '${RESOURCE[name] ?? `kernel_gossip.${name}`}': df.${name},`),
    '    },',
    '    data=[',
    ...numbers.map(
      (name) => `        px.otel.metric.Gauge(name='kernel_gossip.${table}.${name}', value=df.${name}),`,
    ),
    '    ],',
    '))',
  ].join('\n');
}
