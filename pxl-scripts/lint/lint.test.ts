import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PixieScript, readScript, type ScriptName, SCRIPTS } from '../src/index.ts';
import { lint } from './lint.ts';

const texts = new Map<ScriptName, string>();
for (const { name } of SCRIPTS) texts.set(name, await readScript(name));

const scriptOf = (name: ScriptName): PixieScript => SCRIPTS.find((script) => script.name === name)!;
const rulesIn = (name: ScriptName, text: string): readonly string[] =>
  lint(text, scriptOf(name)).map(({ rule }) => rule);

/** A script in which something was replaced; the thing must be there, so that each example goes on breaking something. */
function broken(name: ScriptName, from: string, to: string): string {
  const text = texts.get(name)!;
  expect(text).toContain(from);
  return text.replace(from, to);
}

const anyScript = fc.constantFrom(...SCRIPTS.map(({ name }) => name));

describe('the linter of PxL scripts', () => {
  it.each(SCRIPTS.map(({ name }) => name))('has nothing to say against %s', (name) => {
    expect(lint(texts.get(name)!, scriptOf(name))).toEqual([]);
  });

  it.each<[rule: string, what: string, name: ScriptName, from: string, to: string]>([
    ['syntax', 'a bracket that is missing', 'network_flow', "df = df[df.pod != '']", "df = df[df.pod != ''"],
    [
      'syntax',
      'three conditions in a row',
      'network_flow',
      "df.remote_addr != '' and",
      "df.pod == '' and df.role == 1 and",
    ],
    [
      'syntax',
      'a function of its own',
      'network_flow',
      'import px\n',
      'import px\ndef name(df): return df\n',
    ],
    ['syntax', 'a backslash', 'http_request_trace', "'[?#].*'", String.raw`'\?.*'`],
    ['import', 'a module of Python', 'network_flow', 'import px\n', 'import px\nimport re\n'],
    ['name', 'a table that is not set', 'network_flow', 'px.display(df,', 'px.display(flows,'],
    ['table', 'a table that Pixie has not', 'network_flow', "'conn_stats'", "'connections'"],
    [
      'column',
      'a column that a probe does not print',
      'cpu_throttle_detector',
      "'throttled_ns', px.min",
      "'x', px.min",
    ],
    ['column', 'a column that Pixie has not', 'http_request_trace', 'df.req_path', 'df.path'],
    ['column', 'a column that is not selected', 'cpu_throttle_detector', "'cpu_ktime_ns'],", '],'],
    [
      'column',
      'a group by a column that is not there',
      'network_flow',
      "'upid', 'role'",
      "'process', 'role'",
    ],
    [
      'type',
      'a text taken from a time',
      'pod_creation_trace',
      'df.time_ - df.duration_ns',
      'df.time_ - df.program',
    ],
    ['type', 'a condition that is none', 'network_flow', "df[df.pod != '']", 'df[df.pod]'],
    ['type', 'two types of one choice', 'network_flow', 'df.remote_port == 0, -1', "df.remote_port == 0, ''"],
    [
      'type',
      'a pattern that is no text of the script',
      'http_request_trace',
      "'[?#].*', df",
      'df.method, df',
    ],
    ['function', 'a function that Pixie has not', 'network_flow', 'px.upid_to_pod_name', 'px.upid_to_pod'],
    ['function', 'an aggregate that Pixie has not', 'http_request_trace', 'px.quantiles', 'px.median'],
    ['function', 'a module that Pixie has not', 'network_flow', 'px.display(', 'px.schedule_script('],
    ['window', 'a window of another length', 'network_flow', "'-60s'", "'-61s'"],
    ['window', 'a table with a window of its own', 'network_flow', 'end_time=end_time', 'end_time=px.now()'],
    [
      'on-node',
      'a name of a process asked for too late',
      'network_flow',
      'df.bytes_sent = ',
      'df.who = px.upid_to_pod_name(df.upid)\ndf.bytes_sent = ',
    ],
    ['private', 'a body', 'http_request_trace', "'latency']", "'latency', 'req_body']"],
    ['private', 'all columns of requests', 'http_request_trace', 'select=', 'other='],
    ['append', 'tables of different columns', 'network_issue_finder', "'failed', 'attempted',", "'failed',"],
    ['display', 'another table', 'network_flow', "'network_flows'", "'flows'"],
    ['contract', 'a column that is not shown', 'cpu_throttle_detector', ", 'cpu_window_ns']]", ']]'],
    [
      'contract',
      'a column of another type',
      'pod_creation_trace',
      'df.time_ - df.duration_ns',
      'df.duration_ns',
    ],
    ['versioned', 'a probe without a version', 'pod_creation_trace', "'kg_births_v1',", "'kg_births',"],
    ['probe', 'a probe that stays for ever', 'pod_creation_trace', "'10m')", "'')"],
    ['ttl', 'a probe that ends before it is renewed', 'pod_creation_trace', "'10m')", "'5m')"],
    ['probe', 'a probe of another name', 'pod_creation_trace', 'kg_births_v1', 'kg_births_v2'],
    [
      'mutation',
      'a probe that px does not see',
      'pod_creation_trace',
      'import pxtrace\n',
      'import pxtrace, px\n',
    ],
    ['probe-marks', 'a mark that is missing', 'pod_creation_trace', '# probe: end', '#'],
    ['printf', 'a program that prints nothing', 'cpu_throttle_detector', 'printf(', 'str('],
    ['one-format', 'two formats', 'memory_pressure_monitor', 'oom_kill:%d', 'killed:%d'],
    ['argument-count', 'a value that is missing', 'network_issue_finder', 'nsecs, $event,', '$event,'],
    [
      'no-printf-in-begin',
      'BEGIN that prints',
      'network_issue_finder',
      'profile:hz:1,\ntracepoint:power:cpu_idle',
      'BEGIN',
    ],
    ['column-name', 'a column without a name', 'pod_creation_trace', ' pid:%d', ' %d'],
    ['column-name', 'a column between commas', 'pod_creation_trace', ' pid:%d ', ' pid:%d,'],
    ['column-name', 'two columns of a name', 'pod_creation_trace', ' mounts:%llu', ' namespaces:%llu'],
    ['time', 'rows without a time', 'pod_creation_trace', 'time_:%llu', 'at:%llu'],
    ['time', 'a time that is a text', 'pod_creation_trace', 'time_:%llu', 'time_:%s'],
    ['newer-bpftrace', 'args as a structure', 'memory_pressure_monitor', 'args->id', 'args.id'],
    [
      'newer-bpftrace',
      'a loop over a map',
      'pod_creation_trace',
      'while ($cpu < 512)',
      'for ($cpu : @calls)',
    ],
    [
      'newer-bpftrace',
      'a function of later versions',
      'pod_creation_trace',
      'delete(@birth',
      'has_key(@birth',
    ],
  ])('finds %s: %s', (rule, _what, name, from, to) => {
    expect(rulesIn(name, broken(name, from, to))).toContain(rule);
  });

  it('says in which line', () => {
    const text = broken('network_flow', 'px.upid_to_pod_name', 'px.upid_to_pod');
    const line = text.split('\n').findIndex((found) => found.includes('px.upid_to_pod(')) + 1;
    expect(lint(text, scriptOf('network_flow'))).toContainEqual(
      expect.objectContaining({ rule: 'function', line }),
    );
  });

  it('says in which line of a program', () => {
    const text = broken('memory_pressure_monitor', 'args->id', 'args.id');
    const line = text.split('\n').findIndex((found) => found.includes('args.id')) + 1;
    expect(lint(text, scriptOf('memory_pressure_monitor'))).toEqual([
      expect.objectContaining({ rule: 'newer-bpftrace', line }),
    ]);
  });

  it('finds any function that is misspelt', () => {
    fc.assert(
      fc.property(anyScript, fc.nat(), (name, nth) => {
        const text = texts.get(name)!;
        const calls = [...text.matchAll(/\bpx\.[a-z_0-9]+(?=[(,)])/g)].filter(
          ({ index }) => !text.slice(0, index).split('\n').at(-1)!.startsWith('#'),
        );
        const { index, 0: call } = calls[nth % calls.length]!;
        const misspelt = `${text.slice(0, index)}${call}x${text.slice(index + call.length)}`;
        expect(rulesIn(name, misspelt).length).toBeGreaterThan(0);
      }),
    );
  });

  it('has an answer to any text, also to half a script', () => {
    fc.assert(
      fc.property(anyScript, fc.nat(), fc.nat({ max: 400 }), fc.string(), (name, from, length, other) => {
        const text = texts.get(name)!;
        const at = from % text.length;
        const rules = rulesIn(name, text.slice(0, at) + other + text.slice(at + length));
        expect(Array.isArray(rules)).toBe(true);
      }),
    );
    expect(rulesIn('network_flow', '').length).toBeGreaterThan(0);
  });
});
