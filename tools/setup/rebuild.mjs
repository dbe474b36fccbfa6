// @ts-check
// `npm run rebuild`: a read model anew from the facts.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/rebuild/main.js' });
