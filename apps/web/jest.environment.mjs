import jsdomEnvironment from 'jest-preset-angular/environments/jest-jsdom-env.js';

/** What every browser has and jsdom has not: the fetch standard and streams, here those of Node. */
const STANDARD = [
  'AbortController',
  'AbortSignal',
  'Headers',
  'ReadableStream',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'Uint8Array',
  'crypto',
];

export default class BrowserEnvironment extends jsdomEnvironment.default {
  async setup() {
    await super.setup();
    for (const name of STANDARD)
      Object.defineProperty(this.global, name, { value: globalThis[name], configurable: true, writable: true });
  }
}
