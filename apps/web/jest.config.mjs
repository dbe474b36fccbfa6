import presets from 'jest-preset-angular/presets/index.js';

// Plain CommonJS jest: Angular's build does not run under --experimental-vm-modules.
export default {
  ...presets.createCjsPreset({ tsconfig: '<rootDir>/tsconfig.spec.json' }),
  displayName: 'web',
  testEnvironment: '<rootDir>/jest.environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['@muster/source', 'node', 'node-addons', 'browser'] },
  setupFilesAfterEnv: ['<rootDir>/jest.setup.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'],
    // The contracts name zod's words by their file, and that one is an ES module.
    '^zod/v4/locales/en\\.js$': '<rootDir>/../../node_modules/zod/v4/locales/en.cjs',
  },
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/out-tsc/'],
};
