/** The version that a change was decided on, where the client named one. */
export const expected = (expectedVersion: number | undefined): { expectedVersion?: number } =>
  expectedVersion === undefined ? {} : { expectedVersion };
