// @ts-check
// `npm run backup` and `npm run restore`: which of them is the first argument.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/backup/main.js' });
