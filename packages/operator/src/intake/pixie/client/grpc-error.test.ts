import { inspect } from 'node:util';
import { Metadata, status as Code } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from 'kernel-gossip-types';
import { errorMaker, errorOfCall, errorOfStatus, isCut, statusOfThrown } from './grpc-error.ts';

const KEY = 'px-api-0123456789';
const make = errorMaker(KEY);

describe('errors of gRPC', () => {
  it('are told by their code', () => {
    const codes: readonly (readonly [Code, string, ErrorCode])[] = [
      [Code.UNAUTHENTICATED, '', 'KG_FORBIDDEN'],
      [Code.PERMISSION_DENIED, '', 'KG_FORBIDDEN'],
      [Code.NOT_FOUND, '', 'KG_NOT_FOUND'],
      [Code.INVALID_ARGUMENT, 'missing/malformed cluster_id', 'KG_NOT_FOUND'],
      [Code.INVALID_ARGUMENT, 'Script modification has been disabled', 'KG_PIXIE_SCRIPT'],
      [Code.INTERNAL, 'Large data batch rejected by passthrough proxy limits', 'KG_PIXIE_SCRIPT'],
      [Code.RESOURCE_EXHAUSTED, 'Received message larger than max (5 vs. 4)', 'KG_PIXIE_PROTOCOL'],
      [Code.UNIMPLEMENTED, '', 'KG_PIXIE_PROTOCOL'],
      [Code.UNAVAILABLE, 'cluster is not in a healthy state', 'KG_UNREACHABLE'],
      [Code.UNKNOWN, 'Query timed out', 'KG_UNREACHABLE'],
    ];
    for (const [code, details, expected] of codes) {
      expect(errorOfCall('x', { code, details }, make).code).toBe(expected);
    }
  });

  it('hold neither the key nor what grpc-js threw', () => {
    const metadata = new Metadata();
    metadata.set('pixie-api-key', KEY);
    const thrown = Object.assign(new Error('x'), {
      code: 16,
      details: `no user has the key ${KEY}`,
      metadata,
    });
    const error = errorOfCall('asking', statusOfThrown(thrown), make);
    expect(error.message).toBe('asking: no user has the key *** (gRPC UNAUTHENTICATED)');
    expect(error.cause).toBeUndefined();
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(KEY);
  });

  it('hold no key, wherever a server puts it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 2000 }), (before, after) => {
        const { message } = make('KG_UNREACHABLE', 'x', `${before}${KEY}${after}${KEY}`);
        expect(message).not.toContain(KEY);
        expect(message.length).toBeLessThanOrEqual(1003);
      }),
    );
  });

  it('may be anything that was thrown', () => {
    expect(statusOfThrown('odd')).toEqual({ code: Code.UNKNOWN, details: 'odd' });
    expect(statusOfThrown(null)).toEqual({ code: Code.UNKNOWN, details: 'null' });
    expect(statusOfThrown({ code: 99, details: 'd' })).toEqual({ code: Code.UNKNOWN, details: 'd' });
  });

  it('tell a stream that was cut from one that failed', () => {
    const cut = (code: Code, details: string) => isCut({ code, details });
    expect(cut(Code.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)')).toBe(true);
    expect(cut(Code.INTERNAL, 'server closed the stream without sending trailers')).toBe(true);
    expect(cut(Code.UNAVAILABLE, 'Connection dropped')).toBe(true);
    expect(cut(Code.UNAVAILABLE, 'cluster is not in a healthy state')).toBe(false);
    expect(cut(Code.INTERNAL, 'Large data batch rejected')).toBe(false);
    expect(cut(Code.CANCELLED, 'RST_STREAM')).toBe(false);
  });

  it('say where a script does not compile', () => {
    const compilerError = { line: '3', column: '7', message: "no column 'quota'" };
    const status = { code: Code.INVALID_ARGUMENT, message: '', errorDetails: [{ compilerError }, {}] };
    const error = errorOfStatus('script x', status, make);
    expect(error).toMatchObject({
      code: 'KG_PIXIE_SCRIPT',
      message: "script x: does not compile: line 3, column 7: no column 'quota'",
    });
    expect(errorOfStatus('x', { code: Code.OK, message: '', errorDetails: [] }, make)).toBeNull();
    expect(errorOfStatus('x', null, make)).toBeNull();
  });
});
