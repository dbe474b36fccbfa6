// @ts-check
// `npm run drills:commands`: registry and Postgres killed outright again and again while orders come in.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/drills/commands/main.js' });
