// @ts-check
// `npm run drills`: the running system, broken one part after another while orders come in.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/drills/main.js' });
