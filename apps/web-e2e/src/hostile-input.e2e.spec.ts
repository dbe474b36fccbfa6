import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount, openNodes, waitForColour, Wizard } from './harness/pages.js';
import { type CallMore, callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

/** Names that are not what they look like, or are no names, and what is said of them. */
const names = [
  ['written from right to left', 'nevel\u202Egpj.exe', 'invisible characters'],
  ['with a character of no width', 'Ada\u200B', 'invisible characters'],
  ['that hides its order', '\u2066hidden\u2069', 'invisible characters'],
  ['of two lines', 'two\nlines', 'invisible characters'],
  ['of 10,000 characters', 'x'.repeat(10_000), 'longer than 64 characters'],
  ['of spaces', '   ', 'is empty'],
] as const;

describe('input that is made to deceive, to break or to overload, about accounts, nodes and keys', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let page: Page;
  let localNode: string;
  const accountId = randomUUID();
  const keyId = randomUUID();

  /** One of each that is there, by where it is changed, and a body that would make another. */
  const things = () => [
    {
      what: 'account',
      at: '/api/accounts',
      id: accountId,
      another: () => ({ accountId: randomUUID(), name: 'Eve', password: 'quite a long one', permissions: [] }),
    },
    {
      what: 'key',
      at: '/api/keys',
      id: keyId,
      another: () => ({ keyId: randomUUID(), name: 'Eve', permissions: ['inference'] }),
    },
    { what: 'node', at: '/api/nodes', id: localNode, another: undefined },
  ];

  beforeAll(async () => {
    await stage.open();
    window = await stage.window();
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', 30_000);
    const { body } = await callFrom(page, 'GET', '/api/nodes');
    localNode = (body as { nodes: { nodeId: string }[] }).nodes[0]?.nodeId ?? '';
    const vera = { accountId, name: 'Vera', password: 'only looking around', permissions: ['fleet:view'] };
    expect((await callFrom(page, 'POST', '/api/accounts', vera)).status).toBe(201);
    const search = { keyId, name: 'Search', permissions: ['inference'] };
    expect((await callFrom(page, 'POST', '/api/keys', search)).status).toBe(201);
  });
  afterAll(async () => {
    await stage.close();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  /** A call that is refused: its status and code, and the fields it names. */
  const refused = (method: string, path: string, body?: object, more?: CallMore): Promise<string> =>
    window.expecting(/4\d\d/, async () => {
      const answer = await callFrom(page, method, path, body, more);
      const { code, fields = [] } = answer.body as { code?: string; fields?: { field: string }[] };
      return [answer.status, code, ...fields.map(({ field }) => field)].join(' ');
    });
  /** Renames something, and gives the version that it has then. */
  const renamed = async (at: string, name: string, more?: CallMore): Promise<number> => {
    const { status, body } = await callFrom(page, 'PATCH', at, { name }, more);
    expect([at, name, status]).toEqual([at, name, 200]);
    return (body as { version: number }).version;
  };

  it('is refused as the id of anything', async () => {
    for (const { what, at } of things())
      for (const id of ['7', 'not-an-id', `${randomUUID()}x`, '%00', '..%2f..%2fsettings']) {
        const field = `${what}Id`;
        expect([at, id, await refused('PATCH', `${at}/${id}`, { name: 'x' })]).toEqual([
          at,
          id,
          `400 bad-input ${field}`,
        ]);
        expect([at, id, await refused('DELETE', `${at}/${id}`)]).toEqual([at, id, `400 bad-input ${field}`]);
      }
  });

  it('is told apart from what is not there', async () => {
    for (const { what, at } of things())
      expect(await refused('PATCH', `${at}/${randomUUID()}`, { name: 'x' })).toBe(`404 ${what}-unknown`);
  });

  it('is refused where a field does not exist, and named', async () => {
    for (const { at, id, another } of things()) {
      expect(await refused('PATCH', `${at}/${id}`, { nmae: 'x' })).toBe('400 bad-input nmae');
      expect(await refused('PATCH', `${at}/${id}`, { name: 'x', version: 7 })).toBe('400 bad-input version');
      if (another) expect(await refused('POST', at, { ...another(), admin: true })).toBe('400 bad-input admin');
    }
  });

  it('is refused when it is larger than a body may be', async () => {
    const body = { name: 'x'.repeat(70_000) };
    for (const { at, id } of things()) expect(await refused('PATCH', `${at}/${id}`, body)).toBe('413 too-large');
  });

  it.each(names)('is refused as a name %s', async (_what, name) => {
    for (const { at, id, another } of things()) {
      expect([at, await refused('PATCH', `${at}/${id}`, { name })]).toEqual([at, '400 bad-input name']);
      if (another) expect(await refused('POST', at, { ...another(), name })).toBe('400 bad-input name');
    }
  });

  it('does nothing twice: an order sent again gets its first answer and adds no fact', async () => {
    for (const { what, at, id, another } of things()) {
      const commandId = randomUUID();
      const first = await renamed(`${at}/${id}`, `One ${what}`, { commandId });
      const next = await renamed(`${at}/${id}`, `Other ${what}`);
      expect(await renamed(`${at}/${id}`, `One ${what}`, { commandId })).toBe(first);
      // Each fact is one version: the order that was sent again has added none, and has taken nothing back.
      expect(await renamed(`${at}/${id}`, `Third ${what}`)).toBe(next + 1);
      if (another === undefined) continue;
      const [body, makes] = [another(), { commandId: randomUUID() }];
      const made = await callFrom(page, 'POST', at, body, makes);
      expect(made.status).toBe(201);
      expect(await callFrom(page, 'POST', at, body, makes)).toEqual(made);
    }
  });

  it('does not win against somebody who was faster: the second of two is told the version that won', async () => {
    for (const { what, at, id } of things()) {
      const ifMatch = await renamed(`${at}/${id}`, `Seen ${what}`);
      const won = await renamed(`${at}/${id}`, `Won ${what}`, { ifMatch });
      await window.expecting(/409/, async () => {
        const late = await callFrom(page, 'PATCH', `${at}/${id}`, { name: 'Late' }, { ifMatch });
        expect(late).toMatchObject({ status: 409, body: { code: 'version-conflict', currentVersion: won } });
      });
    }
  });

  // A field of one line takes no second line at all.
  it.each(names.filter(([, name]) => !name.includes('\n')))(
    'is refused at its field %s',
    async (_what, typed, words) => {
      await openNodes(page);
      const wizard = await Wizard.open(page);
      await wizard.fill({ name: typed, host: 'gpu-04.lab' });
      await wizard.next();
      expect(await wizard.problemOf('Name')).toContain(words);
      await wizard.cancel();
      for (const [link, open, send] of [
        ['Accounts', 'New account', 'Make account'],
        ['API keys', 'New key', 'Make key'],
      ] as const) {
        await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: link }).click();
        await page.getByRole('button', { name: open }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Name').fill(typed);
        await dialog.getByRole('button', { name: send }).click();
        await dialog.getByText(words).waitFor();
        await dialog.getByRole('button', { name: 'Cancel' }).click();
        await dialog.waitFor({ state: 'detached' });
      }
    },
  );

  it('of two who edit an account or a node, offers the second to reload', async () => {
    const edits = [
      { open: () => page.goto(`/accounts/${accountId}`), at: `/api/accounts/${accountId}` },
      { open: () => page.goto(`/nodes/${localNode}`), at: `/api/nodes/${localNode}` },
    ];
    for (const { open, at } of edits) {
      await open();
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Mine');
      expect((await callFrom(page, 'PATCH', at, { name: 'Theirs' })).status).toBe(200);
      await window.expecting(/409/, async () => {
        await dialog.getByRole('button', { name: 'Save' }).click();
        await dialog.getByText('Somebody else changed this in the meantime').waitFor();
      });
      await dialog.getByRole('button', { name: 'Reload' }).click();
      await dialog.getByRole('heading', { name: 'Edit Theirs' }).waitFor();
      expect(await dialog.getByLabel('Name').inputValue()).toBe('Theirs');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
    }
  });
});
