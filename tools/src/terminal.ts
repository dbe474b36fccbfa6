/** A calm line for the person at the terminal. A terminal that has gone away is no reason to fail. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The command ends with these words, one line: which part, why, and what to do. */
export class CannotGoOn extends Error {}

/** The message of whatever was thrown, on one line. */
export function wordsOf(error: unknown): string {
  // Not by class: an error may come from another realm, as from a library inside a test.
  const { message, name } = (typeof error === 'object' && error !== null ? error : {}) as Partial<Error>;
  return (message || name || String(error)).split('\n')[0]?.trim() ?? '';
}
