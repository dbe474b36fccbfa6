import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../programs/run.js';
import { say } from '../terminal.js';
import { breaches } from './compatible.js';
import { makeDocuments, readDocuments } from './documents.js';
import type { JsonSchema } from './json-schemas.js';

// The life of `npm run documents`: have the Gateway write its OpenAPI document, make the documents of the bus anew from contracts, and say what changed. A schema that may no
// longer change as it would is left as it is, and the command fails.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
await run(process.execPath, [join(root, 'apps/gateway/dist/open-api/write.js')], {
  env: { ...process.env, MUSTER_ROOT: root },
});
const [made, there] = [await makeDocuments(root), await readDocuments(root)];
const refused: string[] = [];
for (const [path, text] of made) {
  const before = there.get(path);
  if (before === text) continue;
  const found = before !== undefined && path.endsWith('.json') ? breaches(parsed(before), parsed(text)) : [];
  for (const finding of found) refused.push(`${path}: ${finding}`);
  if (found.length > 0) continue;
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
  say(`${path} ${before === undefined ? 'made' : 'changed'}`);
}
for (const path of there.keys()) if (!made.has(path)) say(`${path} stays: facts of that version are kept`);
if (refused.length > 0) {
  say(`\nWithin a version a fact must not change like this (docs/integration.md, "What may change, and what never"):`);
  for (const finding of refused) say(`  ${finding}`);
  say(
    'Give it a rule in libs/contracts/src/upcast.ts, and with it a version. If it was never released, delete its file first.',
  );
  process.exitCode = 1;
} else say(`The documents agree with contracts: ${made.size} files.`);

function parsed(text: string): JsonSchema {
  return JSON.parse(text) as JsonSchema;
}
