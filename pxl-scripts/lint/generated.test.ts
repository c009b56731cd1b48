import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { findProgram } from '../../e2e/src/cluster/built/programs.ts';
import { columnsOf, readScript, SCRIPTS } from '../src/index.ts';
import { check } from './check.ts';
import { cronScriptName } from './cron-script.ts';
import { exportVariant } from './export-variant.ts';
import { generated, locationOf } from './generated.ts';
import { outputOf } from './probe-program.ts';

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
}

const files = await generated();
const TEXTS = 'pod node container container_id program symptom remote method path protocol'.split(' ');

/** The tables that the script's own probes fill. */
async function tablesOf(name: (typeof SCRIPTS)[number]['name']) {
  const { probes } = check(await readScript(name));
  return new Map([...probes].map(([table, text]) => [table, outputOf({ text, line: 1 }).columns] as const));
}

describe('what is generated from the scripts', () => {
  it.each([...files.keys()])('%s is up to date (else run node lint/export.ts)', async (path) => {
    expect(await readFile(locationOf(path), 'utf8')).toBe(files.get(path));
  });

  it('is all that stands there', async () => {
    for (const folder of ['pxl-scripts/export/', 'k8s/pixie/cron-scripts/']) {
      for (const name of await readdir(locationOf(folder)))
        expect([...files.keys()]).toContain(folder + name);
    }
  });

  describe.each(SCRIPTS)('the export variant of $name', (script) => {
    const variant = files.get(`pxl-scripts/export/${script.name}.pxl`)!;

    it('is PxL, and has one metric for each number', async () => {
      const { findings, displayed, probes, exported } = check(variant, await tablesOf(script.name));
      expect(findings).toEqual([]);
      expect([...displayed.keys(), ...probes.keys()]).toEqual([]);
      const [table] = script.tables;
      const numbers = columnsOf(table!).filter((name) => name !== 'time_' && !TEXTS.includes(name));
      expect([...exported].sort()).toEqual(numbers.map((name) => `kernel_gossip.${table}.${name}`).sort());
    });

    it('has the window that Pixie gives it, and no probe', () => {
      expect(variant).toMatch(/^start_time = px\.plugin\.start_time$/m);
      expect(variant).toMatch(/^end_time = px\.plugin\.end_time$/m);
      expect(variant).not.toContain('pxtrace');
    });

    it('is a cron script as Pixie reads them', () => {
      const name = cronScriptName(script);
      const map = parse(files.get(`k8s/pixie/cron-scripts/${name}.yaml`)!) as ConfigMap;
      expect(map.metadata).toMatchObject({ name, labels: { purpose: 'cron-script' } });
      expect(map.data['script.pxl']).toBe(variant);
      expect(parse(map.data['cron.yaml']!)).toEqual({ frequency_s: script.intervalSeconds });
      expect(parse(map.data['configs.yaml']!)).toEqual({
        otelEndpointConfig: { url: 'kernel-gossip-operator.kernel-gossip.svc:4317', insecure: true },
      });
    });
  });

  it.each<[what: string, from: string, to: string]>([
    ['a metric that is a text', 'value=df.cpu_ns', 'value=df.pod'],
    ['a metric that is a time', 'df.first_time = px.time_to_int64(df.first_time)', ''],
    ['a metric without a name', "name='kernel_gossip.cpu_throttle.cpu_ns'", "name=''"],
    ['no name of a service', "'service.name'", "'name'"],
    ['an attribute that is a number', "'container.id': df.container_id", "'container.id': df.quota_ns"],
    ['an attribute that is no column', "'service.name': df.service_name", "'service.name': 'kernel-gossip'"],
  ])('would be found with %s', async (_what, from, to) => {
    const variant = files.get('pxl-scripts/export/cpu_throttle_detector.pxl')!;
    expect(variant).toContain(from);
    const { findings } = check(variant.replace(from, to), await tablesOf('cpu_throttle_detector'));
    expect(findings.map(({ rule }) => rule)).toContain('export');
  });

  it('is made of nothing but the tables of its script', () => {
    expect(() => exportVariant(`px.display(df, 'other')\n`, SCRIPTS[0]!)).toThrow('other');
  });

  it.skipIf(findProgram('kubectl') === undefined)('is what kubectl makes of the folder', () => {
    const folder = fileURLToPath(locationOf('k8s/pixie/cron-scripts'));
    const built = execFileSync(findProgram('kubectl')!, ['kustomize', folder], { encoding: 'utf8' });
    const maps = parseAllDocuments(built).map((document) => document.toJS() as ConfigMap);
    expect(maps.map(({ metadata }) => metadata.name).sort()).toEqual(SCRIPTS.map(cronScriptName).sort());
    for (const { data } of maps) expect(data['script.pxl']).toContain('px.export(df');
  });
});
