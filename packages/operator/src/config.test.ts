import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, readConfig } from './config.ts';

describe('readConfig', () => {
  it('takes defaults, then the environment, then flags', () => {
    expect(readConfig([], {})).toEqual(DEFAULT_CONFIG);
    expect(readConfig([], { WEBHOOK_PORT: '9090' }).port).toBe(9090);
    expect(readConfig(['--port', '0'], { WEBHOOK_PORT: '9090' }).port).toBe(0);
    expect(readConfig([], { WEBHOOK_PORT: '' }).port).toBe(8080);
  });

  it.each([
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
