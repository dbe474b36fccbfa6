import preset from '../../jest.preset.mjs';

export default {
  ...preset,
  displayName: 'web-e2e',
  rootDir: import.meta.dirname,
  testMatch: ['<rootDir>/src/**/*.e2e.spec.ts'],
  // A step starts the whole system or waits for it to notice something.
  testTimeout: 120_000,
};
