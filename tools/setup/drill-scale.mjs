// @ts-check
// `npm run drills:scale`: several processes of each service, of which some are killed under load.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/drills/scale/main.js' });
