import { randomUUID } from 'node:crypto';
import { COMMAND_ID_HEADER, type NodeView, routes, VerifyStep } from '@muster/contracts';

const TIMEOUT_MS = 8_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The REST API as a script uses it. */
export class Console {
  #cookie: string | undefined;

  constructor(private readonly address: () => string) {}

  /** The session's cookie, for a socket. */
  get cookie(): string {
    return this.#cookie ?? '';
  }

  /** Rejects when there was no answer. The command id makes a retry the same order. */
  async call(method: string, path: string, body?: object, commandId: string = randomUUID()): Promise<Answer> {
    const response = await fetch(`${this.address()}${path}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        [COMMAND_ID_HEADER]: commandId,
        ...(this.#cookie === undefined ? {} : { cookie: this.#cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';')[0];
    return { status: response.status, text: await response.text() };
  }

  /** Like `call`, for what must succeed. */
  async must(method: string, path: string, body?: object): Promise<string> {
    const { status, text } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return text;
  }

  async nodes(): Promise<readonly NodeView[]> {
    return routes.listNodes.reply.parse(JSON.parse(await this.must('GET', '/api/nodes'))).nodes;
  }

  /** Looks at the address and registers what answers, as the wizard does. Returns its id. */
  async register(name: string, host: string, port: number): Promise<string> {
    const lines = (await this.must('POST', '/api/nodes/verify', { host, port })).trim().split('\n');
    const last = VerifyStep.parse(JSON.parse(lines.at(-1) ?? ''));
    if (last.outcome !== 'verified') throw new Error(`${host}:${port} did not verify: ${JSON.stringify(last)}`);
    const nodeId = randomUUID();
    const { fingerprint } = last.certificate;
    await this.must('POST', '/api/nodes', { nodeId, name, host, port, fingerprint });
    return nodeId;
  }
}
