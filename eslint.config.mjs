import angular from 'angular-eslint';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom: the table of ARCHITECTURE.md. `tools/src/canary.spec.ts` lints one breach of each line
 * and expects the error, so that a constraint that bounds nothing is noticed.
 */
const rooms = {
  contracts: ['contracts'],
  'event-store': ['contracts', 'bus', 'tracing'],
  bus: ['contracts', 'tracing'],
  'node-link': ['contracts'],
  service: ['contracts', 'bus', 'tracing'],
  tracing: [],
  client: ['contracts'],
  testing: ['contracts', 'node-link'],
  registry: ['contracts', 'event-store', 'bus', 'service'],
  monitor: ['contracts', 'event-store', 'bus', 'node-link', 'service', 'tracing'],
  stats: ['contracts', 'event-store', 'bus', 'service'],
  gateway: ['contracts', 'bus', 'service', 'tracing'],
  router: ['contracts', 'bus', 'service', 'tracing'],
  webhooks: ['contracts', 'event-store', 'bus', 'service'],
  node: ['contracts', 'node-link', 'tracing'],
  web: ['contracts'],
  'web-e2e': ['contracts', 'client', 'testing'],
  tools: ['contracts', 'event-store', 'bus', 'node-link', 'client'],
};

/** Apps are processes: nobody imports one, by whichever path. And of a library there is its index and nothing else. */
const apps = Object.keys(rooms).filter(
  (room) => !['contracts', 'event-store', 'bus', 'node-link', 'service', 'client', 'tracing', 'testing'].includes(room),
);
const restrictedImports = [
  'error',
  {
    patterns: [
      {
        regex: `^@muster/(${apps.join('|')})($|/)`,
        message: 'An app is a process, not a library: what two rooms share belongs into a library.',
      },
      { regex: '^@muster/[^/]+/.', message: 'Import a library by its name: its index is all there is of it.' },
    ],
  },
];

const boundaries = (alsoAllowed) => [
  'error',
  {
    enforceBuildableLibDependency: true,
    allowCircularSelfDependency: true,
    depConstraints: Object.entries(rooms).map(([room, may]) => ({
      sourceTag: `room:${room}`,
      onlyDependOnLibsWithTags: [room, ...may, ...alsoAllowed].map((name) => `room:${name}`),
    })),
  },
];

export default [
  { ignores: ['**/dist', '**/out-tsc', '**/.angular', '.nx', '.muster', '**/jest.config.mjs'] },
  ...nx.configs['flat/base'],
  ...nx.configs['flat/typescript'],
  ...tseslint.configs.strict.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@nx/enforce-module-boundaries': boundaries([]),
      'no-restricted-imports': restrictedImports,
      '@typescript-eslint/no-explicit-any': 'error',
      // Nest and Angular classes are often only their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // A number in a template literal reads well and cannot surprise.
      '@typescript-eslint/restrict-template-expressions': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    // Tests, their fixtures, the drills and what else tries the system out may use the testing room; a test that is skipped or alone is
    // a wish.
    files: ['**/*.spec.ts', '**/*.fixture.ts', 'tools/src/{drills,bench,upgrade,containers}/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(['testing', 'client']),
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|only|todo)$/], CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]',
          message: 'A test runs or is deleted: no skip, only or todo.',
        },
      ],
    },
  },
  ...angular.configs.tsRecommended.map((config) => ({ ...config, files: ['apps/web/**/*.ts'] })),
  {
    files: ['apps/web/**/*.ts'],
    processor: angular.processInlineTemplates,
    rules: {
      '@angular-eslint/directive-selector': ['error', { type: 'attribute', prefix: 'app', style: 'camelCase' }],
      '@angular-eslint/component-selector': ['error', { type: 'element', prefix: 'app', style: 'kebab-case' }],
    },
  },
  ...[...angular.configs.templateRecommended, ...angular.configs.templateAccessibility].map((config) => ({
    ...config,
    files: ['apps/web/**/*.html'],
  })),
  // The terminal is what the command line tools write to.
  {
    files: ['tools/**/*.ts', 'apps/node/src/main.ts', 'apps/node/src/command-line.ts'],
    rules: { 'no-console': 'off' },
  },
  prettier,
];
