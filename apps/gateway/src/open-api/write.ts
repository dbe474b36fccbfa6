import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { committedOpenApi } from './committed.js';

// `npm run documents`: writes docs/openapi.json as it follows from the table of routes.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../../..');
await writeFile(join(root, 'docs/openapi.json'), committedOpenApi());
