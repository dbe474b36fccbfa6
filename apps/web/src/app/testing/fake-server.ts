import type { Provider } from '@angular/core';
import { Fetch } from '../api/api.js';

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Answers calls of the API as a spec says, and remembers what was sent. A call that nobody expects is an error. */
export class FakeServer {
  readonly sent: Sent[] = [];
  readonly #answers = new Map<string, () => Response>();

  /** `at` is a method and a path, as in `POST /api/session`. */
  answers(at: string, status: number, body: unknown = {}): this {
    this.#answers.set(at, () => new Response(status === 204 ? null : JSON.stringify(body), { status }));
    return this;
  }

  answersLines(at: string, ...lines: unknown[]): this {
    this.#answers.set(at, () => new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    return this;
  }

  refuses(at: string, status: number, code: string, more: object = {}): this {
    return this.answers(at, status, { type: `urn:muster:${code}`, title: code, status, code, ...more });
  }

  /** What was sent there, newest last. */
  to(at: string): Sent[] {
    return this.sent.filter(({ method, url }) => `${method} ${url}` === at);
  }

  get provider(): Provider {
    const answer: typeof fetch = (input, init) => {
      const method = init?.method ?? 'GET';
      const url = String(input);
      const { body } = init ?? {};
      this.sent.push({
        method,
        url,
        headers: new Headers(init?.headers),
        body: typeof body === 'string' ? JSON.parse(body) : undefined,
      });
      const made = this.#answers.get(`${method} ${url}`);
      return made ? Promise.resolve(made()) : Promise.reject(new TypeError(`Nobody answers ${method} ${url}`));
    };
    return { provide: Fetch, useValue: answer };
  }
}
