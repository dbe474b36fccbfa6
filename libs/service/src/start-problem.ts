import { StreamDrift } from '@muster/bus';
import { NewerDatabase, Outage } from '@muster/contracts';
import { ConfigProblem } from './config.js';

/** The configuration is wrong, as sysexits.h has it; and: something that is needed is not there. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

/** Why a service cannot start: in its own words where it knows, with the stack and every cause where it is a bug. */
export const startProblem = (error: unknown): string => {
  if (error instanceof Outage || somebodyMustAct(error)) return error.message;
  return stacksOf(error);
};

/** Of each only its stack: what else hangs on an error, as the parameters of a query, may be secret. */
const stacksOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\n[cause]: ${stacksOf(error.cause)}`;
};

/** What the process ends with: 78 when somebody must change something, 69 when waiting may help, 1 otherwise. */
export const exitCode = (error: unknown): number => {
  if (somebodyMustAct(error)) return EXIT_CONFIG;
  return error instanceof Outage ? EXIT_UNAVAILABLE : 1;
};

const somebodyMustAct = (error: unknown): error is Error =>
  error instanceof ConfigProblem || error instanceof StreamDrift || error instanceof NewerDatabase;
