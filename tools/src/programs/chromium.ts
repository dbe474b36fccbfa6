import { CannotGoOn, wordsOf } from '../terminal.js';
import { hasApt, installPackage } from './debian.js';
import { findOnPath, isRoot } from './find.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The browser for the tests: CHROMIUM_BIN, else one on the path, else Debian's, which only root can install. */
export async function chromiumProgram(): Promise<string> {
  const there = process.env['CHROMIUM_BIN'] ?? (await findOnPath(...NAMES));
  if (there !== undefined) return there;
  let reason = 'installing it needs root';
  if (isRoot() && (await hasApt())) {
    try {
      await installPackage('chromium');
      const brought = await findOnPath(...NAMES);
      if (brought !== undefined) return brought;
    } catch (error) {
      reason = wordsOf(error);
    }
  }
  throw new CannotGoOn(
    `Chromium for the browser tests is not there (${reason}). Run apt-get install chromium, or set CHROMIUM_BIN.`,
  );
}
