// @ts-check
// `npm run pack:node [folder]`: the node service as one file for machines that have nothing but Node.js.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/pack/main.js' });
