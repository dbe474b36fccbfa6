import { dictionary } from '@zxcvbn-ts/language-common';

/** Too short ones are refused for that already, so only the others need to be kept. */
const SHORTEST = 8;

/** About 18,000 of the passwords that turn up most often in published leaks, all in small letters. */
const common: ReadonlySet<string> = new Set(
  dictionary['passwords-common'].filter((password) => password.length >= SHORTEST),
);

/** Whether a password is among those that are guessed first, in whatever letter case (NIST SP 800-63B 3.1.1.2). */
export const isCommonPassword = (password: string): boolean => common.has(password.normalize('NFKC').toLowerCase());
