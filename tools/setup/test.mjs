// @ts-check
// `npm test`: every test there is, or those asked for.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/test/main.js' });
