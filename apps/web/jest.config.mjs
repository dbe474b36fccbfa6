import presets from 'jest-preset-angular/presets/index.js';

// Plain CommonJS jest: Angular's build does not run under --experimental-vm-modules.
export default {
  ...presets.createCjsPreset({ tsconfig: '<rootDir>/tsconfig.spec.json' }),
  displayName: 'web',
  testEnvironment: 'jest-preset-angular/environments/jest-jsdom-env',
  testEnvironmentOptions: { customExportConditions: ['@muster/source', 'node', 'node-addons', 'browser'] },
  setupFilesAfterEnv: ['<rootDir>/jest.setup.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/out-tsc/'],
};
