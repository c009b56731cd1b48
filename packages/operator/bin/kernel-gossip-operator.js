#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

// A checkout has the sources and runs them as they are; a published package has only what was built from them.
const source = new URL('../src/main.ts', import.meta.url);
if (existsSync(source)) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: ['@kernel-gossip/source', ...context.conditions] }),
  });
}
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
