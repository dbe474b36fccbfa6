import { join } from 'node:path';
import { ESLint } from 'eslint';

/**
 * A boundary that bounds nothing looks like one that holds. So each line of the table "who may import whom" is broken here
 * once, and the linter must say so; and each import that the table allows must pass.
 */
const root = join(import.meta.dirname, '../..');
const folderOf: Record<string, string> = {
  contracts: 'libs/contracts',
  'event-store': 'libs/event-store',
  bus: 'libs/bus',
  'node-link': 'libs/node-link',
  service: 'libs/service',
  tracing: 'libs/tracing',
  client: 'libs/client',
  testing: 'libs/testing',
  registry: 'apps/registry',
  monitor: 'apps/monitor',
  webhooks: 'apps/webhooks',
  stats: 'apps/stats',
  gateway: 'apps/gateway',
  router: 'apps/router',
  node: 'apps/node',
  web: 'apps/web',
  'web-e2e': 'apps/web-e2e',
  tools: 'tools',
};
const rooms = Object.keys(folderOf);
const BOUNDARY = '@nx/enforce-module-boundaries';
const NO_APP = 'no-restricted-imports';
/** The first file that is linted loads the linter and the graph of the projects. */
const TOGETHER_WITHIN_MS = 60_000;
const isApp = (room: string): boolean => !folderOf[room]?.startsWith('libs/');

const may: Record<string, readonly string[]> = {
  contracts: [],
  'event-store': ['contracts', 'bus', 'tracing'],
  bus: ['contracts', 'tracing'],
  'node-link': ['contracts'],
  service: ['contracts', 'bus', 'tracing'],
  tracing: [],
  client: ['contracts'],
  testing: ['contracts', 'node-link'],
  registry: ['contracts', 'event-store', 'bus', 'service'],
  monitor: ['contracts', 'event-store', 'bus', 'node-link', 'service', 'tracing'],
  webhooks: ['contracts', 'event-store', 'bus', 'service'],
  stats: ['contracts', 'event-store', 'bus', 'service'],
  gateway: ['contracts', 'bus', 'service', 'tracing'],
  router: ['contracts', 'bus', 'service', 'tracing'],
  node: ['contracts', 'node-link', 'tracing'],
  web: ['contracts'],
  'web-e2e': ['contracts', 'client', 'testing'],
  tools: ['contracts', 'event-store', 'bus', 'node-link', 'client'],
};

describe('the lint rules', () => {
  const eslint = new ESLint({ cwd: root });
  const rulesBroken = async (file: string, code: string): Promise<(string | null)[]> => {
    const results = await eslint.lintText(code, { filePath: join(root, file) });
    return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
  };
  const importOf = (from: string, what: string, file = 'canary.ts') =>
    rulesBroken(`${folderOf[from]}/src/${file}`, `import * as other from '${what}';\nexport default other;\n`);

  it.each(rooms)(
    'refuse every import that the room %s may not have',
    async (room) => {
      for (const other of rooms.filter((each) => each !== room && !may[room]?.includes(each))) {
        const broken = await importOf(room, `@muster/${other}`);
        expect([other, broken]).toEqual([other, [isApp(other) ? NO_APP : BOUNDARY]]);
      }
    },
    TOGETHER_WITHIN_MS,
  );

  it.each(rooms)('accept every import that the room %s may have', async (room) => {
    for (const other of may[room] ?? []) expect([other, await importOf(room, `@muster/${other}`)]).toEqual([other, []]);
  });

  it('let tests alone use the testing room', async () => {
    expect(await importOf('registry', '@muster/testing', 'canary.spec.ts')).toEqual([]);
    expect(await importOf('web', '@muster/testing', 'canary.spec.ts')).toEqual([]);
    expect(await importOf('registry', '@muster/event-store', 'canary.spec.ts')).toEqual([]);
    expect(await importOf('gateway', '@muster/event-store', 'canary.spec.ts')).toEqual([BOUNDARY]);
  });

  it('refuse the way around a boundary: inner files of a library, relative paths, an app', async () => {
    expect(await importOf('gateway', '@muster/contracts/src/order.js')).toContain(NO_APP);
    expect(await importOf('gateway', '@muster/registry/dist/main.js')).toContain(NO_APP);
    expect(await importOf('gateway', '../../../libs/bus/src/index.ts')).toContain(BOUNDARY);
    expect(await importOf('gateway', '../../registry/src/main.ts')).toContain(BOUNDARY);
  });

  it.each([
    'it.skip',
    'it.only',
    'describe.skip',
    'describe.only',
    'test.todo',
    'xit',
    'fdescribe',
    'it.only.each([1])',
  ])('refuse %s', async (call) => {
    const code = `${call}('a sentence about behaviour', () => undefined);\n`;
    for (const room of rooms)
      expect([room, await rulesBroken(`${folderOf[room]}/src/canary.spec.ts`, code)]).toEqual([
        room,
        ['no-restricted-syntax'],
      ]);
  });

  it.each([
    ['@typescript-eslint/no-explicit-any', 'export const anything = (value: any): unknown => value;\n'],
    ['no-console', "console.log('hello');\n"],
    ['eqeqeq', 'export const same = (a: number, b: number): boolean => a == b;\n'],
    ['@typescript-eslint/no-unused-vars', 'const unused = 1;\n'],
  ])('hold %s in every room', async (rule, code) => {
    for (const room of rooms.filter((each) => rule !== 'no-console' || each !== 'tools'))
      expect([room, await rulesBroken(`${folderOf[room]}/src/canary.ts`, code)]).toEqual([room, [rule]]);
  });

  it('refuse a comment that switches off a rule that is not broken', async () => {
    const results = await eslint.lintText('// eslint-disable-next-line no-console\nexport const one = 1;\n', {
      filePath: join(root, 'libs/bus/src/canary.ts'),
    });
    expect(results[0]?.errorCount).toBe(1);
  });
});
