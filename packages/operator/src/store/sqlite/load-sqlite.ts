import type * as Sqlite from 'node:sqlite';
import process from 'node:process';

/**
 * Node's SQLite. Node 22 prints an ExperimentalWarning when the module is first loaded; that one line is held back
 * here, and no other warning: it would stand between the lines of every command's output and says nothing a user
 * can act on.
 */
export const loadSqlite = (): typeof Sqlite => {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (...args: readonly unknown[]) => {
    if (!String(args[0]).startsWith('SQLite is an experimental feature'))
      Reflect.apply(emitWarning, process, args);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
};
