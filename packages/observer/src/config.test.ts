import { describe, expect, it } from 'vitest';
import { configHelp, readConfig, readFlags, redacted } from './config.ts';

describe('readFlags', () => {
  it('takes both ways to write a value, and the last one that is written', () => {
    expect({ ...readFlags(['--interval', '2s', '--url=http://a', '--interval=1s']) }).toEqual({
      interval: '1s',
      url: 'http://a',
    });
  });

  it.each([[['--what', 'x']], [['--interval']], [['what']], [['--token', 'hush']]])('refuses %j', (argv) => {
    expect(() => readFlags(argv)).toThrow(expect.objectContaining({ code: 'KG_CONFIG_INVALID' }));
  });

  it('is helped by a line for each setting', () => {
    expect(configHelp()).toMatch(/^ {2}--node-name +NODE_NAME +name of this node$/m);
    expect(configHelp()).toMatch(/^ +KGOSSIP_TOKEN +bearer token for the operator$/m);
  });
});

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({}, {})).toEqual({
      url: 'http://127.0.0.1:8080',
      token: null,
      tokenFile: null,
      caFile: null,
      cgroupRoot: '/sys/fs/cgroup',
      subtree: '',
      intervalMs: 1000,
      rescanMs: 30_000,
      nodeName: null,
      source: 'kernel-gossip-observer',
      enterPercent: 25,
      minPeriods: 10,
      heldMs: 3000,
      calmMs: 5000,
      summaryIntervalMs: 10_000,
      queueLimit: 10_000,
      spoolDir: null,
      spoolLimitBytes: 67_108_864,
      metricsPort: null,
      metricsHost: '127.0.0.1',
      containerMetrics: false,
      cpuBudgetPercent: 5,
      kgtrace: null,
      localNames: false,
      logLevel: 'info',
    });
  });

  it('takes a flag before a variable, and an empty variable for none', () => {
    const environment = { KGOSSIP_INTERVAL: '2s', KGOSSIP_SUBTREE: 'kubepods//burstable/', NODE_NAME: '' };
    expect(readConfig({ interval: '250ms' }, environment)).toMatchObject({
      intervalMs: 250,
      subtree: '/kubepods/burstable',
      nodeName: null,
    });
    expect(readConfig({}, environment)).toMatchObject({ intervalMs: 2000 });
  });

  it('takes sizes as Kubernetes writes them', () => {
    const sizes = ['64Mi', '1Gi', '2M', '1048576', '2048Ki'];
    expect(sizes.map((limit) => readConfig({ 'spool-limit': limit }, {}).spoolLimitBytes)).toEqual([
      67_108_864, 1_073_741_824, 2_000_000, 1_048_576, 2_097_152,
    ]);
  });

  it.each<[Record<string, string>, Record<string, string>, string]>([
    [
      { interval: '1h' },
      {},
      '--interval: expected a duration from 100ms to 60s, such as 500ms, 1s or 2m, got "1h"',
    ],
    [{}, { KGOSSIP_INTERVAL: '0s' }, 'KGOSSIP_INTERVAL: expected a duration'],
    [
      {},
      { KGOSSIP_URL: 'ftp://x' },
      'KGOSSIP_URL: expected a URL such as http://127.0.0.1:8080, got "ftp://x"',
    ],
    [{}, { NODE_NAME: 'Node_1' }, 'NODE_NAME: expected a DNS name'],
    [{ 'enter-percent': '0' }, {}, '--enter-percent: expected a percentage above 0, up to 100, got "0"'],
    [{ 'enter-percent': 'NaN' }, {}, '--enter-percent: expected'],
    [{ 'min-periods': '1.5' }, {}, '--min-periods: expected a whole number from 1 to 10000, got "1.5"'],
    [{ subtree: '/a/../..' }, {}, '--subtree: expected a path below the cgroup root'],
    [
      { 'spool-limit': '1023Ki' },
      {},
      '--spool-limit: expected a size from 1Mi to 1048576Mi, such as 64Mi or 1Gi, got "1023Ki"',
    ],
    [{}, { KGOSSIP_SPOOL_LIMIT: '64MB' }, 'KGOSSIP_SPOOL_LIMIT: expected a size'],
    [{ 'metrics-port': '65536' }, {}, '--metrics-port: expected a whole number from 0 to 65535, got "65536"'],
    [{ 'local-names': 'yes' }, {}, '--local-names: expected true or false, got "yes"'],
    [
      { 'log-level': 'loud' },
      {},
      '--log-level: expected one of silent, error, warn, info, debug, got "loud"',
    ],
    [{ 'cgroup-root': '' }, {}, '--cgroup-root: expected an absolute path, got ""'],
  ])('names what is wrong: %j %j', (flags, environment, message) => {
    expect(() => readConfig(flags, environment)).toThrow(
      expect.objectContaining({
        code: 'KG_CONFIG_INVALID',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('shows no secret', () => {
    const config = readConfig({ url: 'https://me:hush@example.com/x' }, { KGOSSIP_TOKEN: 'hush' });
    expect(config.token).toBe('hush');
    expect(JSON.stringify(redacted(config))).not.toContain('hush');
    expect(redacted(config)).toMatchObject({ source: 'kernel-gossip-observer', token: 'redacted' });
  });
});
