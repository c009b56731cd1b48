/** What runs a program, as far as its threads or its binary say so without doubt. */
export type Runtime = 'jvm' | 'node' | 'dotnet' | 'python' | 'go' | 'openmp';

/**
 * Names that a runtime gives to threads of its own. HotSpot (`os::set_native_thread_name`), .NET
 * (`minipal_set_thread_name`), Node from version 22 on; the kernel cuts them off after 15 bytes. What only a program's file
 * is called says less: any program may be called `java`. Python is the exception, which names no thread: they all have
 * the interpreter's name. `libuv-worker` is no proof of Node, since others use libuv too.
 */
const SIGNS: readonly (readonly [Runtime, RegExp])[] = [
  ['jvm', /^(?:GC Thread#\d|VM Thread$|C[12] CompilerThre)/],
  ['dotnet', /^\.NET /],
  ['node', /^V8 ?Worker/],
  ['python', /^python(?:\d(?:\.\d{1,2})?)?$/],
];

/** The runtime of a process by the names of its threads; null where they tell none, or more than one. Pure. */
export function runtimeByNames(names: readonly string[]): Runtime | null {
  const found = SIGNS.filter(([, sign]) => names.some((name) => sign.test(name)));
  return found.length === 1 ? (found[0]?.[0] ?? null) : null;
}

/** The file of an OpenMP library, as it stands in the `maps` file of a process that has it loaded. */
export const OPENMP_LIBRARY = /\/lib(?:gomp|iomp5|omp)\.so/;
