import { readFileSync } from 'node:fs';
import { allocator, heapArguments } from './memory.js';

const dockerfile = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8');

describe('the memory of a service', () => {
  it.each(['registry', 'monitor', 'stats', 'gateway', 'router', 'webhooks'] as const)(
    'is the same in a container as on a machine: %s',
    (name) => {
      const command = ['node', ...heapArguments(name), `apps/${name}/dist/main.js`];
      const told = Object.entries(allocator(name)).map(([variable, value]) => ` ${variable}=${value}`);
      const lines = [
        `FROM runtime AS ${name}`,
        ...(told.length === 0 ? [] : [`ENV${told.join('')}`]),
        `CMD [${command.map((word) => `"${word}"`).join(', ')}]`,
      ];
      const stage = (dockerfile.split('\n\n').find((each) => each.startsWith(`${lines[0]}\n`)) ?? '').split('\n');
      expect(stage).toEqual(expect.arrayContaining(lines));
    },
  );
});
