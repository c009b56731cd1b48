import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moduleDirectory, PROMETHEUS } from '../pixie-cloud/crds.ts';

/** The kinds of Prometheus' operator that the chart makes objects of, as YAML. */
export async function prometheusCrds(): Promise<string> {
  const directory = join(await moduleDirectory(PROMETHEUS), 'example/prometheus-operator-crd');
  return ['servicemonitors', 'podmonitors', 'prometheusrules']
    .map((name) => readFileSync(join(directory, `monitoring.coreos.com_${name}.yaml`), 'utf8'))
    .join('\n---\n');
}
