import { createHmac } from 'node:crypto';
import { behindWords, hostOf, outcomeWords, sendsWords, troubleWords, verifyProgram } from './webhook-words.js';

const AT = Date.parse('2026-11-23T12:00:00.000Z');
const since = '2026-11-23T11:57:00.000Z';

describe('the words about a webhook', () => {
  it('say what became of a try', () => {
    expect(outcomeWords({ outcome: 'delivered', status: 204 })).toBe('Taken with 204');
    expect(outcomeWords({ outcome: 'timed-out' })).toBe('No answer in time');
  });

  it('say where it sends, and what', () => {
    expect(hostOf('https://desk.example:8443/muster?team=7')).toBe('desk.example:8443');
    expect(sendsWords({ streams: ['FLEET', 'HEALTH'], types: [] })).toBe('Every fact of FLEET, HEALTH');
    expect(sendsWords({ streams: ['FLEET'], types: ['NodeRenamed'] })).toBe('NodeRenamed of FLEET');
    expect(sendsWords({ streams: ['FLEET'], types: ['A', 'B', 'C', 'D'] })).toBe('4 types of FLEET');
  });

  it('say why it does not send, and since when', () => {
    expect(troubleWords({}, AT)).toBeUndefined();
    expect(troubleWords({ failingSince: since }, AT)).toBe('It has taken nothing for 3 min, and is tried again.');
    expect(troubleWords({ paused: { because: 'by-hand', reason: 'Moving', since } }, AT)).toBe(
      'Paused by hand: Moving (3 min ago). Its place is kept.',
    );
    expect(troubleWords({ paused: { because: 'gone', since }, failingSince: since }, AT)).toContain('410');
  });

  it('say how far behind it is, where that is known', () => {
    expect(behindWords({})).toBeUndefined();
    expect(behindWords({ behind: 0 })).toBe('Up to date');
    expect(behindWords({ behind: 1_204 })).toBe('1,204 facts behind');
  });
});

describe('the check of a signature that a receiver is given', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const body = '{"id":"1"}';
  const signed = (given = secret) => {
    const at = String(Math.floor(Date.now() / 1_000));
    const mac = createHmac('sha256', Buffer.from(given.slice(6), 'base64'))
      .update(`1.${at}.${body}`)
      .digest('base64');
    return { 'webhook-id': '1', 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` };
  };
  let isFromMuster: (headers: Record<string, string>, body: string) => boolean;

  beforeAll(async () => {
    process.env['MUSTER_WEBHOOK_SECRET'] = secret;
    const crypto = await import('node:crypto');
    const text = verifyProgram()
      .replace(/^import .*$/m, '')
      .replace('export ', '');
    // The program as it stands, with what it imports given to it.
    isFromMuster = new Function('createHmac', 'timingSafeEqual', `${text}\nreturn isFromMuster;`)(
      crypto.createHmac,
      crypto.timingSafeEqual,
    ) as typeof isFromMuster;
  });

  it('takes what is signed with the secret, also beside another signature', () => {
    expect(isFromMuster(signed(), body)).toBe(true);
    const other = signed(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)['webhook-signature'];
    const headers = signed();
    expect(isFromMuster({ ...headers, 'webhook-signature': `${other} ${headers['webhook-signature']}` }, body)).toBe(
      true,
    );
  });

  it('refuses another body, another secret, what is old and what is not signed', () => {
    expect(isFromMuster(signed(), '{"id":"2"}')).toBe(false);
    expect(isFromMuster(signed(`whsec_${Buffer.alloc(32, 8).toString('base64')}`), body)).toBe(false);
    expect(isFromMuster({ ...signed(), 'webhook-timestamp': '1700000000' }, body)).toBe(false);
    expect(isFromMuster({}, body)).toBe(false);
  });
});
