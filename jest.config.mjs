// The unit and integration tests of every Node workspace in one run. The web has its own jest, for it must not get the
// module flag; so have the browser tests, which run one after another.
export default {
  // Of the whole run: what its projects say of it is not heard.
  testTimeout: 30_000,
  projects: [
    '<rootDir>/libs/*/jest.config.mjs',
    '<rootDir>/apps/{registry,monitor,stats,gateway,node,webhooks}/jest.config.mjs',
    '<rootDir>/tools/jest.config.mjs',
  ],
};
