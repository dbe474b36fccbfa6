// @ts-check
// `npm run node -- …`: the node service alone, for a machine that is to serve models.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'apps/node/dist/main.js' });
