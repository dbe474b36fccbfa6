import { randomBytes } from 'node:crypto';
import { accessKeyId } from '@muster/node-link';
import { Tickets } from './tickets.js';

const random = () => randomBytes(32).toString('base64url');

describe('a ticket', () => {
  const secret = random();
  const key = random();

  it('holds at the node that issued it, after a restart too', () => {
    const ticket = new Tickets(secret, () => [key]).current(accessKeyId(key)) ?? '';
    expect(ticket).toMatch(/^[A-Za-z0-9._~-]{16,256}$/);
    expect(new Tickets(secret, () => [key]).holds(ticket)).toBe(true);
  });

  it('holds at no other node, and ends with the key it was issued under', () => {
    const keys = [key];
    const tickets = new Tickets(secret, () => keys);
    const ticket = tickets.issue(key);
    expect(new Tickets(random(), () => keys).holds(ticket)).toBe(false);
    keys.splice(0, 1, random());
    expect(tickets.holds(ticket)).toBe(false);
    keys.push(key);
    expect(tickets.holds(ticket)).toBe(true);
  });

  it('is another after it was renewed, and the one before holds on', () => {
    const tickets = new Tickets(secret, () => [key]);
    const first = tickets.current(accessKeyId(key)) ?? '';
    expect(tickets.current(accessKeyId(key))).toBe(first);
    tickets.renew();
    expect(tickets.current(accessKeyId(key))).not.toBe(first);
    expect(tickets.holds(first)).toBe(true);
    expect(tickets.current('00000000')).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['its first letters', 'mst_'],
    ['the access key', key],
    ['one that somebody made up', `mst_${accessKeyId(key)}.${'A'.repeat(22)}.${'A'.repeat(43)}`],
    ['a very long text', 'x'.repeat(10_000)],
  ])('is not %s', (_name, text) => expect(new Tickets(secret, () => [key]).holds(text)).toBe(false));

  it('is none with a letter changed', () => {
    const tickets = new Tickets(secret, () => [key]);
    const ticket = tickets.issue(key);
    for (let at = 0; at < ticket.length; at += 1) {
      const other = ticket[at] === 'B' ? 'C' : 'B';
      const changed = ticket.slice(0, at) + other + ticket.slice(at + 1);
      // The last letter of each part carries bits that no byte is made of.
      if (
        Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(
          Buffer.from(ticket.split('.')[2] ?? '', 'base64url'),
        )
      )
        if (changed.split('.').slice(0, 2).join() === ticket.split('.').slice(0, 2).join()) continue;
      expect(tickets.holds(changed)).toBe(false);
    }
  });
});
