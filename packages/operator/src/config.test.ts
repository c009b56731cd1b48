import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { configHelp, DEFAULT_CONFIG, readConfig } from './config.ts';

describe('readConfig', () => {
  it('takes defaults, then the environment, then flags', () => {
    expect(readConfig([], {})).toEqual(DEFAULT_CONFIG);
    expect(readConfig([], { WEBHOOK_PORT: '9090' }).port).toBe(9090);
    expect(readConfig(['--port', '0'], { WEBHOOK_PORT: '9090' }).port).toBe(0);
    expect(readConfig([], { WEBHOOK_PORT: '' }).port).toBe(8080);
  });

  it('takes a key from the environment only, and prints it nowhere', () => {
    const config = readConfig([], { PIXIE_API_KEY: 'px-api-secret' });
    expect(config.pixieApiKey.reveal()).toBe('px-api-secret');
    expect(JSON.stringify(config)).toContain('"pixieApiKey":"set"');
    expect(JSON.stringify(config) + inspect(config) + configHelp()).not.toContain('px-api-secret');
    expect(() => readConfig(['--pixie-api-key', 'px-api-secret'], {})).toThrow(/Unknown option/);
    const tooLong = 'k'.repeat(5000);
    expect(() => readConfig([], { PIXIE_API_KEY: tooLong })).toThrow(/^PIXIE_API_KEY: expected .*else$/);
  });

  it('leaves ports for OTLP closed unless they are set', () => {
    expect(readConfig([], {})).toMatchObject({ otlpGrpcPort: null, otlpHttpPort: null });
    expect(readConfig([], { OTLP_GRPC_PORT: '4317' })).toMatchObject({
      otlpGrpcPort: 4317,
      otlpHttpPort: null,
    });
  });

  it('takes names of scripts', () => {
    expect(readConfig([], {}).pixieScripts).toEqual([]);
    expect(readConfig([], { PIXIE_SCRIPTS: 'network_flow, http_request_trace' }).pixieScripts).toEqual([
      'network_flow',
      'http_request_trace',
    ]);
  });

  it.each([
    [[], { PIXIE_SCRIPTS: 'cpu' }, 'PIXIE_SCRIPTS: expected one of cpu_throttle_detector, '],
    [[], { OTLP_HTTP_PORT: 'yes' }, 'OTLP_HTTP_PORT: expected a port 0..65535, got "yes"'],
    [[], { WEBHOOK_PORT: 'http' }, 'WEBHOOK_PORT: expected a port 0..65535, got "http"'],
    [[], { WEBHOOK_PORT: '65536' }, 'WEBHOOK_PORT: expected a port 0..65535, got "65536"'],
    [['--flush', '31'], {}, '--flush: expected a number of seconds 1..30, got "31"'],
    [['--store', 'redis'], {}, '--store: expected one of kubernetes, sqlite, got "redis"'],
    [
      [],
      { OBSERVER_SERVICE_ACCOUNT: 'observer' },
      'OBSERVER_SERVICE_ACCOUNT: expected a service account as namespace/name, got "observer"',
    ],
    [['--prot', '1'], {}, /Unknown option '--prot'/],
  ])('names what is wrong: %j %j', (argv, env, message) => {
    expect(() => readConfig(argv, env)).toThrow(message);
  });
});
