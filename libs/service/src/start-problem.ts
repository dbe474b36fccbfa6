import { StreamDrift } from '@muster/bus';
import { Outage } from '@muster/contracts';
import { ConfigProblem } from './config.js';

/** The configuration is wrong, as sysexits.h has it; and: something that is needed is not there. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

/** Why a service cannot start: in its own words where it knows, with the stack where it is a bug. */
export const startProblem = (error: unknown): string => {
  if (error instanceof ConfigProblem || error instanceof StreamDrift || error instanceof Outage) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/** What the process ends with: 78 when a setting must change, 69 when waiting may help, 1 otherwise. */
export const exitCode = (error: unknown): number => {
  if (error instanceof ConfigProblem || error instanceof StreamDrift) return EXIT_CONFIG;
  return error instanceof Outage ? EXIT_UNAVAILABLE : 1;
};
