import { defineConfig } from 'vite';
import { SOURCE_CONDITION } from '../../vitest.shared.ts';

export default defineConfig({
  // The page may be served below any path, such as that of `kubectl proxy`.
  base: './',
  resolve: { conditions: [SOURCE_CONDITION, 'module', 'browser'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    // The policy of the page allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
