// @ts-check
// `npm run drills:requests`: many requests at once on two nodes, one of which is killed and comes back.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/drills/requests.js' });
