import { join, relative, resolve } from 'node:path';
import { packNode } from './pack-node.js';

// `npm run pack:node [folder]`: the node service as one file for machines that have nothing but Node.js.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const into = resolve(process.argv[2] ?? '.');
const packed = await packNode(root, into);
process.stdout.write(
  `Packed ${relative(process.cwd(), packed)}. On the other machine:  npx ./${packed.slice(into.length + 1)}\n`,
);
