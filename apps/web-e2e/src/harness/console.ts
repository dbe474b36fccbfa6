import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** What keeps Debian's Chromium quiet on a closed network, and lets root run it. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a page shows at all it shows within this time, on a busy machine too. */
const GIVE_UP_MS = 15_000;

export type Colours = 'light' | 'dark';

/** A browser window on the console, whose every complaint is kept: errors in its console, failed requests, refusals. */
export class ConsoleWindow {
  private readonly complaints: string[] = [];
  private expected: RegExp[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        this.complain(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => {
      this.complain(`error: ${error.message}`);
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // What the page itself gave up, as a stream it has read to its last word, or what it left on its way elsewhere.
      if (why !== 'net::ERR_ABORTED') this.complain(`failed: ${request.method()} ${request.url()} ${why}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400)
        this.complain(`answered ${response.status()}: ${response.request().method()} ${response.url()}`);
    });
  }

  static async open(browser: Browser, address: string, colours: Colours = 'dark'): Promise<ConsoleWindow> {
    const context = await browser.newContext({ baseURL: address, colorScheme: colours });
    context.setDefaultTimeout(GIVE_UP_MS);
    const window = new ConsoleWindow(context, await context.newPage());
    await window.page.goto('/');
    return window;
  }

  /** Runs what makes the page or the server complain on purpose; only complaints that match are let pass. */
  async expecting<T>(pattern: RegExp, act: () => Promise<T>): Promise<T> {
    this.expected.push(pattern);
    try {
      return await act();
    } finally {
      this.expected = this.expected.filter((each) => each !== pattern);
    }
  }

  /** What was complained about since the last time this was asked. */
  takeComplaints(): string[] {
    return this.complaints.splice(0);
  }

  close(): Promise<void> {
    return this.context.close();
  }

  private complain(what: string): void {
    if (!this.expected.some((pattern) => pattern.test(what))) this.complaints.push(what);
  }
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium', args: FLAGS });
