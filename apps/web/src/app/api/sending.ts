/**
 * What an order is called by: the same while it is sent again as it is, since it may have worked without an answer; another as soon
 * as anything about it is changed, since then it is another order.
 */
export class Sending<Names> {
  #sent: { readonly body: string; readonly names: Names } | undefined;

  constructor(private readonly make: () => Names) {}

  of(body: unknown): Names {
    const text = JSON.stringify(body);
    if (this.#sent?.body !== text) this.#sent = { body: text, names: this.make() };
    return this.#sent.names;
  }
}
