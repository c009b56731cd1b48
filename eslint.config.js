// @ts-check
import eslint from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The page is for browsers, everything else for Node. */
const PROJECTS = ['./tsconfig.tests.json', './packages/web/tsconfig.json'];

/** Stations of the operator in the order of the data's way; each may import from those listed for it, never upwards. */
const operatorFolders = {
  cluster: [],
  authn: ['cluster'],
  assess: [],
  store: ['cluster'],
  ledger: ['assess', 'store', 'cluster'],
  intake: ['ledger', 'store', 'authn', 'cluster'],
  remedy: ['assess', 'cluster'],
  controllers: ['assess', 'ledger', 'remedy', 'store', 'cluster'],
  surface: ['intake', 'ledger', 'store', 'controllers', 'authn'],
  export: ['store'],
};

const operatorZones = Object.entries(operatorFolders).map(([folder, allowed]) => ({
  target: `./packages/operator/src/${folder}/**/!(*.test).ts`,
  from: './packages/operator/src',
  except: [folder, ...allowed].map((name) => `./${name}`),
  message: `operator/src/${folder} may import only from: ${[folder, ...allowed].join(', ')}.`,
}));

/** Rooms of the observer likewise; files beside them compose, or are what all rooms share. */
const observerFolders = {
  hierarchy: [],
  identify: [],
  rate: [],
  deliver: [],
  guard: [],
  sample: ['hierarchy', 'rate'],
  discover: ['identify', 'sample'],
  detect: ['rate'],
  cpu: ['hierarchy', 'identify', 'discover', 'sample', 'rate', 'detect'],
  memory: ['identify', 'discover', 'sample', 'rate', 'detect'],
  network: ['identify', 'rate', 'detect'],
  ask: ['hierarchy', 'identify', 'discover', 'sample', 'rate', 'deliver'],
  births: ['identify', 'sample', 'deliver'],
  watch: ['hierarchy', 'identify', 'discover', 'sample', 'detect', 'cpu', 'memory'],
  expose: ['births', 'deliver', 'guard', 'network', 'watch'],
};
const observerShared = ['clock.ts', 'http.ts', 'probe.ts', 'sender.ts', 'source.ts'];

const observerZones = Object.entries(observerFolders).map(([folder, allowed]) => ({
  target: `./packages/observer/src/${folder}/**/!(*.test).ts`,
  from: './packages/observer/src',
  except: [folder, ...allowed, ...observerShared].map((name) => `./${name}`),
  message: `observer/src/${folder} may import only from: ${[folder, ...allowed].join(', ')}.`,
}));

/** Packages import downwards only (docs/architecture.md). */
const packageZones = [
  {
    target: './packages/types',
    from: [
      './pxl-scripts',
      './packages/operator',
      './packages/observer',
      './packages/cli',
      './packages/web',
      './e2e',
    ],
  },
  {
    // Its tests look at it as an operator serves it.
    target: './packages/web/src',
    from: ['./pxl-scripts', './packages/operator', './packages/observer', './packages/cli', './e2e'],
  },
  {
    // Served as files, never imported.
    target: ['./packages/operator', './packages/observer', './packages/cli'],
    from: './packages/web',
  },
  {
    // Its tests are held against the observer's own numbers.
    target: './pxl-scripts/src/**/!(*.test).ts',
    from: ['./packages/operator', './packages/observer', './packages/cli', './e2e'],
  },
  { target: './packages/operator', from: ['./packages/observer', './packages/cli', './e2e'] },
  {
    target: './packages/observer',
    from: ['./pxl-scripts', './packages/operator', './packages/cli', './e2e'],
  },
  { target: './packages/cli', from: ['./e2e'] },
];

/** fp-ts and io-ts: their short deep paths do not resolve in Node's ES modules (fp-ts#1966). */
const fpTsShortPaths = {
  group: ['fp-ts/*', '!fp-ts/lib', 'io-ts/*', '!io-ts/lib'],
  message: 'Import fp-ts/lib/X.js and io-ts/lib/X.js: the short forms fail in Node ESM (fp-ts#1966).',
};
const kubernetesClient = {
  group: ['@kubernetes/client-node', '@kubernetes/client-node/*'],
  message: 'Only operator/src/cluster speaks to Kubernetes; others import kernel-gossip-operator/kubernetes.',
};

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '.nx', '**/coverage', '**/test-results'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: PROJECTS, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [
        createTypeScriptImportResolver({
          project: [...PROJECTS],
          noWarnOnMultipleProjects: true,
          conditionNames: ['@kernel-gossip/source', 'types', 'import', 'node', 'default'],
        }),
      ],
    },
    rules: {
      complexity: ['error', 12],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'no-console': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': [
        'error',
        { zones: [...packageZones, ...operatorZones, ...observerZones] },
      ],
      'no-restricted-imports': ['error', { patterns: [fpTsShortPaths, kubernetesClient] }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },
  {
    files: ['packages/operator/src/cluster/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [fpTsShortPaths] }] },
  },
  {
    files: ['**/*.test.ts', '**/bench/**/*.ts', 'e2e/**/*.ts'],
    rules: {
      'max-params': 'off',
      '@typescript-eslint/explicit-function-return-type': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.config.ts', 'eslint.config.js'],
    rules: { 'import-x/no-default-export': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
);
