import { describe, expect, it } from 'vitest';
import { librariesIn } from './system.ts';

describe('the shared libraries of a program', () => {
  it('are the files that ldd names, and the loader; not what the kernel brings', () => {
    const said = [
      '\tlinux-vdso.so.1 (0x00007f5125411000)',
      '\tlibseccomp.so.2 => /lib/x86_64-linux-gnu/libseccomp.so.2 (0x00007f51253dd000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f51251fb000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f5125413000)',
    ];
    expect(librariesIn(said.join('\n'))).toEqual([
      '/lib/x86_64-linux-gnu/libseccomp.so.2',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('are none where it is static', () => {
    expect(librariesIn('\tnot a dynamic executable\n')).toEqual([]);
  });
});
