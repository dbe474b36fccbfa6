// @ts-check
// `npm start`: everything that Muster is, on this machine. Runs on whatever Node there is, so nothing but Node's own here.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/start/main.js' });
