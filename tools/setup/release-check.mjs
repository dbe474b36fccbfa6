// @ts-check
// `npm run release:check`: the containers, built, started, scaled, broken, taken down and up again.
import { setUpAndRun } from './hand-over.mjs';

await setUpAndRun({ program: 'tools/dist/containers/main.js' });
