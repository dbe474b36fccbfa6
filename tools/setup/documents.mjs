// @ts-check
// `npm run documents`: the documents of the bus, made anew from libs/contracts.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/documents/main.js' });
