import { readFileSync } from 'node:fs';
import { youngHeap } from './young-heap.js';

const dockerfile = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8');

describe('the memory of the services that requests pass through', () => {
  it.each(['registry', 'monitor', 'stats', 'gateway', 'router'] as const)(
    'is the same in a container as on a machine: %s',
    (name) => {
      const command = ['node', ...youngHeap(name), `apps/${name}/dist/main.js`];
      expect(dockerfile).toContain(`CMD [${command.map((word) => `"${word}"`).join(', ')}]`);
    },
  );
});
