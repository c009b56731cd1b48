import type { PixieScript } from '../src/index.ts';
import { check, type Checked } from './check.ts';
import { displayedAs } from './displayed.ts';
import type { Finding } from './finding.ts';
import type { Schema } from './schema.ts';

const WINDOW_START = /^start_time = '-(\d+)s'$/gm;
const WINDOW_END = /^end_time = px\.now\(\)$/gm;
const WITH_PROBES = /^import pxtrace$/m;
const PROBE = /^# probe: begin$.*?^# probe: end$/ms;

/** Everything that is wrong with a script, by the rules of PxL, of Pixie's bpftrace, and of our own tables. */
export function lint(text: string, script: PixieScript): readonly Finding[] {
  const checked = check(text);
  return [
    ...checked.findings,
    ...windowFindings(text, script),
    ...probeFindings(text, script, checked),
    ...displayFindings(script, checked),
  ];
}

const finding = (rule: string, message: string): Finding => ({ rule, line: 1, message });

/** The scheduler and the export variants put another window in place of these lines. */
function windowFindings(text: string, { intervalSeconds }: PixieScript): readonly Finding[] {
  const starts = [...text.matchAll(WINDOW_START)];
  const isOne = starts.length === 1 && [...text.matchAll(WINDOW_END)].length === 1;
  return isOne && starts[0]?.[1] === String(intervalSeconds)
    ? []
    : [finding('window', `one line start_time = '-${intervalSeconds}s', and one line end_time = px.now()`)];
}

function probeFindings(text: string, script: PixieScript, { probes }: Checked): readonly Finding[] {
  const findings: Finding[] = [];
  if ([...probes.keys()].sort().join() !== [...script.tracepoints].sort().join())
    findings.push(finding('probe', `the probes are ${script.tracepoints.join(', ')}`));
  if (script.mutation !== WITH_PROBES.test(text) || script.mutation !== probes.size > 0)
    findings.push(finding('mutation', 'a script with probes has a line import pxtrace: px knows it by that'));
  if (script.probeTtlSeconds !== null && !text.includes(`'${script.probeTtlSeconds / 60}m')`))
    findings.push(
      finding('ttl', `a probe stays for ${script.probeTtlSeconds} seconds: it is renewed by that`),
    );
  const rest = text.replace(PROBE, '').replace(WITH_PROBES, '');
  if (/pxtrace|^program = /m.test(rest))
    findings.push(finding('probe-marks', 'what is about the probe stands between its two marks'));
  return findings;
}

function displayFindings({ tables }: PixieScript, { displayed }: Checked): readonly Finding[] {
  const findings: Finding[] = [];
  if ([...displayed.keys()].sort().join() !== [...tables].sort().join())
    findings.push(finding('display', `the tables are ${tables.join(', ')}`));
  for (const table of tables) {
    const columns = displayed.get(table);
    if (columns !== undefined && sorted(columns) !== sorted(displayedAs(table)))
      findings.push(
        finding('contract', `${table} is to be ${sorted(displayedAs(table))}, not ${sorted(columns)}`),
      );
  }
  return findings;
}

const sorted = (columns: Schema): string =>
  [...columns]
    .map(([name, type]) => `${name} ${type}`)
    .sort()
    .join(', ');
