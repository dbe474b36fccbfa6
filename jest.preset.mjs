import { join } from 'node:path';

// Sources are ES modules; for tests swc turns them into CommonJS, the one combination in which Nest 12, its CommonJS
// add-ons and jest work together. Needs node --experimental-vm-modules.
const swc = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

export default {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@muster/source', 'node', 'node-addons'] },
  // For what hangs, not for what is slow: a machine may be busy with other things.
  testTimeout: 30_000,
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  // One Postgres for a whole run, started by the first test that asks for it; nothing that a test starts outlives the run.
  globalSetup: join(import.meta.dirname, 'libs/testing/run/global-setup.mjs'),
  globalTeardown: join(import.meta.dirname, 'libs/testing/run/global-teardown.mjs'),
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/out-tsc/'],
};
