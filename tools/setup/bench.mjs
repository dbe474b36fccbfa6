// @ts-check
// `npm run bench`: how fast the system starts and what it costs while nothing happens.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/bench/main.js' });
