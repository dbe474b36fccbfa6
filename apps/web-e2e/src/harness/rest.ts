import { COMMAND_ID_HEADER } from '@muster/contracts';
import type { Page } from 'playwright-core';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface CallMore {
  /** Names the order; a random one unless given. */
  readonly commandId?: string;
  /** The version that the change was decided on. */
  readonly ifMatch?: number;
}

/** A call of the REST API from within the page, so with its cookie and from its origin, past what the page offers. */
export const callFrom = (
  page: Page,
  method: string,
  path: string,
  body?: object,
  { commandId, ifMatch }: CallMore = {},
): Promise<Answer> =>
  page.evaluate(
    async ({ method, path, body, header, commandId, ifMatch }) => {
      const response = await fetch(path, {
        method,
        headers: {
          [header]: commandId ?? crypto.randomUUID(),
          ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
    },
    { method, path, body, header: COMMAND_ID_HEADER, commandId, ifMatch },
  );
