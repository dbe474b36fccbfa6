/** Exit codes of the node service, after sysexits.h. docs/node.md lists them. */
export const exitCodes = {
  usage: 64,
  portNotAvailable: 69,
  bug: 70,
  dataFolder: 73,
  alreadyRunning: 75,
  configuration: 78,
} as const;

/** The node can not start, for a reason that one line tells to whoever started it. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';

  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
