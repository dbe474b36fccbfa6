// @ts-check

/** A line for the person at the terminal. @param {string} text */
export const say = (text) => {
  process.stdout.write(`${text}\n`);
};

/** A duration for a person: "4.2 s", "1 min 05 s". @param {number} ms */
export const showDuration = (ms) => {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
};

/** Ends the command with one line instead of a stack. `exitCode` is what the shell sees. */
export class SetUpProblem extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
