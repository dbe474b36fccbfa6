import type { Browser } from 'playwright-core';
import { type Colours, ConsoleWindow, openBrowser } from './console.js';
import { Muster } from './muster.js';
import { NodeService } from './node-service.js';

/** A whole system of its own, a browser to look at it, and further node services: all that a test file has to close. */
export class Stage {
  private opened: { muster: Muster; browser: Browser } | undefined;
  private readonly closes: (() => Promise<void>)[] = [];

  /** `env` is that of the whole system. */
  async open(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const muster = await Muster.start(env);
    this.closes.push(() => muster.remove());
    const browser = await openBrowser();
    this.closes.push(() => browser.close());
    this.opened = { muster, browser };
  }

  get muster(): Muster {
    return this.use().muster;
  }

  window(colours?: Colours): Promise<ConsoleWindow> {
    const { muster, browser } = this.use();
    return ConsoleWindow.open(browser, muster.address, colours);
  }

  async node(accessKey: string, env: NodeJS.ProcessEnv = {}): Promise<NodeService> {
    const node = await NodeService.start(accessKey, env);
    this.closes.push(() => node.remove());
    return node;
  }

  /** Closes whatever was opened, last first, also when opening failed half way. */
  async close(): Promise<void> {
    for (const close of this.closes.splice(0).reverse()) await close();
  }

  private use(): { muster: Muster; browser: Browser } {
    if (this.opened === undefined) throw new Error('The stage is not open');
    return this.opened;
  }
}
