import { randomUUID } from 'node:crypto';
import { COMMAND_ID_HEADER, VerifyStep } from '@muster/contracts';

const ANSWER_WITHIN_MS = 15_000;

/** The REST API as a program uses it that has signed in, without a browser. */
export class Api {
  #cookie: string | undefined;

  constructor(private readonly address: () => string) {}

  async call(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.address()}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: {
        [COMMAND_ID_HEADER]: randomUUID(),
        ...(this.#cookie === undefined ? {} : { cookie: this.#cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';')[0];
    return { status: response.status, text: await response.text() };
  }

  /** Like `call`, for what must succeed. The answer's JSON, or nothing where there is none. */
  async must(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const { status, text } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return text.startsWith('{') && !text.includes('}\n{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  }

  /** Looks at an address as the wizard does. The fingerprint of what answers there; throws when it is no node that lets in. */
  async verify(host: string, port: number): Promise<string> {
    const { text } = await this.call('POST', '/api/nodes/verify', { host, port });
    const last = VerifyStep.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
    if (last.outcome !== 'verified') throw new Error(`${host}:${port} did not verify: ${text}`);
    return last.certificate.fingerprint;
  }

  /** Registers a node and activates it. Its id. */
  async addNode(name: string, host: string, port: number): Promise<string> {
    const fingerprint = await this.verify(host, port);
    const nodeId = randomUUID();
    await this.must('POST', '/api/nodes', { nodeId, name, host, port, fingerprint });
    await this.must('POST', `/api/nodes/${nodeId}/activate`);
    return nodeId;
  }
}
