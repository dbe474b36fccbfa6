// @ts-check
// `npm run setup`: the set-up alone, for an editor's first look and for checks that run before the tests.
import { SetUpProblem, say } from './say.mjs';
import { setUp } from './set-up.mjs';

try {
  await setUp();
  say('Everything is in place.');
} catch (error) {
  if (!(error instanceof SetUpProblem)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
