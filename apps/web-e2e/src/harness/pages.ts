import type { Locator, Page } from 'playwright-core';

/** What a person of the tests is called and signs in with. */
export interface Person {
  readonly name: string;
  readonly password: string;
}
export const admin: Person = { name: 'Ada', password: 'correct horse battery' };

export type Colour = 'green' | 'amber' | 'red' | 'grey';

export async function makeFirstAccount(page: Page, code: string, { name, password }: Person): Promise<void> {
  await page.getByLabel('One-time code').fill(code);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Make account and sign in' }).click();
  await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
}

export async function signIn(page: Page, { name, password }: Person): Promise<void> {
  // The page before it has a field whose label holds "name" too: without this the name may end up there.
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
}

/** The row of a node in the list. */
export const rowOf = (page: Page, node: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: node, exact: true }) });

/** Waits until the list shows the node in this colour, and returns how long that took. */
export async function waitForColour(page: Page, node: string, colour: Colour, withinMs: number): Promise<number> {
  const startedMs = performance.now();
  await rowOf(page, node).getByText(colour, { exact: true }).waitFor({ state: 'attached', timeout: withinMs });
  return performance.now() - startedMs;
}

/** The colour, address, reason and loads that the list shows of a node. */
export const wordsOfRow = async (page: Page, node: string): Promise<string> =>
  (await rowOf(page, node).innerText()).replace(/\s+/g, ' ');

export async function openNode(page: Page, node: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Nodes', exact: true }).click();
  await page.getByRole('link', { name: node, exact: true }).click();
  await page.getByRole('heading', { name: node, level: 1 }).waitFor();
}

export const openNodes = async (page: Page): Promise<void> => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Nodes', exact: true }).click();
  await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
};

/** The wizard that adds a node. */
export class Wizard {
  readonly dialog: Locator;

  private constructor(private readonly page: Page) {
    this.dialog = page.getByRole('dialog', { name: 'New node' });
  }

  static async open(page: Page): Promise<Wizard> {
    await page.getByRole('button', { name: 'New node' }).click();
    const wizard = new Wizard(page);
    await wizard.dialog.waitFor();
    return wizard;
  }

  /** Fills in what is given, and leaves the rest as the wizard suggests it. */
  async fill({ name, host, port }: { name?: string; host?: string; port?: string }): Promise<void> {
    if (name !== undefined) await this.field('Name').fill(name);
    if (host !== undefined) await this.field('Host').fill(host);
    if (port !== undefined) await this.field('Port').fill(port);
  }

  field(label: 'Name' | 'Host' | 'Port'): Locator {
    return this.dialog.getByLabel(label, { exact: true });
  }

  async next(): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Next' }).click();
  }

  /** What stands below a field as wrong with it. */
  async problemOf(label: 'Name' | 'Host' | 'Port'): Promise<string> {
    const field = this.field(label);
    await this.page.waitForFunction(
      (input) => input?.getAttribute('aria-invalid') === 'true',
      await field.elementHandle(),
      {
        timeout: 5_000,
      },
    );
    const described = (await field.getAttribute('aria-describedby')) ?? '';
    return this.dialog.locator(`[id="${described}"]`).innerText();
  }

  /** The stage that failed: its words and what to do. */
  async failure(withinMs = 15_000): Promise<string> {
    const failed = this.dialog.getByRole('listitem').filter({ hasText: 'Failed:' });
    await failed.waitFor({ timeout: withinMs });
    return (await failed.innerText()).replace(/\s+/g, ' ');
  }

  /** Waits until every stage has passed. */
  async verified(withinMs = 15_000): Promise<void> {
    const passed = this.dialog.getByRole('listitem').filter({ hasText: 'Passed:' });
    await passed.nth(5).waitFor({ timeout: withinMs });
  }

  async add(): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Add node' }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  async cancel(): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Cancel' }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }
}

/** Adds a node of this machine by the wizard, and waits until the list shows it green. */
export async function addNode(page: Page, name: string, port: number, greenWithinMs: number): Promise<void> {
  const wizard = await Wizard.open(page);
  await wizard.fill({ name, host: 'localhost', port: String(port) });
  await wizard.next();
  await wizard.verified();
  await wizard.next();
  await wizard.add();
  await waitForColour(page, name, 'green', greenWithinMs);
}
