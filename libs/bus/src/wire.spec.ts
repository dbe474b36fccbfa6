import { Outage, Refusal } from '@muster/contracts';
import { headers } from '@nats-io/transport-node';
import { mayAsk } from './answer.js';
import { aService, callerWith } from './bus.fixture.js';
import {
  AskOutage,
  cancelledCall,
  cancelSubject,
  Envelope,
  partOf,
  readOrderHeaders,
  readRefusal,
  refusalEnvelope,
  writeOrderHeaders,
} from './wire.js';

describe('the headers of an order', () => {
  const order = { caller: callerWith('fleet:view'), deadlineMs: 1_500, call: 'ABCDEF0123456789' };

  it('carry who asks, any character of the name, and for how long', () => {
    expect(readOrderHeaders(writeOrderHeaders(order))).toEqual(order);
  });

  it.each([
    ['muster-caller', ''],
    ['muster-caller', '%7B%22actor%22'],
    ['muster-caller', '%'],
    ['muster-deadline-ms', '0'],
    ['muster-deadline-ms', '1e9'],
    ['muster-deadline-ms', 'soon'],
    ['muster-call', 'a.b.c.d.e.f'],
    ['muster-call', '>'],
  ])('are refused with %s = "%s"', (name, value) => {
    const written = writeOrderHeaders(order);
    written.set(name, value);
    expect(() => readOrderHeaders(written)).toThrow(Refusal);
  });

  it('are refused when they are not there', () => {
    expect(() => readOrderHeaders(undefined)).toThrow(Refusal);
    expect(() => readOrderHeaders(headers())).toThrow(Refusal);
  });
});

describe('what comes back', () => {
  it('carries a refusal with all its detail', () => {
    const refusal = new Refusal('bad-input', {
      fields: [{ field: 'port', words: 'too large' }],
      field: 'port',
      words: 'too large',
    });
    const envelope = Envelope.parse(JSON.parse(JSON.stringify(refusalEnvelope(refusal))));
    if (envelope.outcome !== 'refusal') throw new Error('not a refusal');
    expect(readRefusal(envelope)).toEqual(refusal);
  });

  it('counts as an outage of the part that did not answer', () => {
    expect(new AskOutage('deadline', 'registry', 'late')).toBeInstanceOf(Outage);
    expect(partOf('muster.ask.registry.sign-in')).toBe('registry');
    expect(partOf('muster.command.node.1.read-log')).toBe('monitor');
  });

  it('names a cancelled call by the last token alone', () => {
    expect(cancelledCall(cancelSubject('ABCDEF0123456789'))).toBe('ABCDEF0123456789');
    expect(cancelledCall('muster.cancel.a b')).toBeUndefined();
  });
});

describe('who may give an order', () => {
  it('is whoever has the permission', () => {
    expect(mayAsk('nodes:manage', callerWith('nodes:manage'))).toBe(true);
    expect(mayAsk('nodes:manage', callerWith('fleet:view', 'settings:manage'))).toBe(false);
    expect(mayAsk('nodes:manage', aService)).toBe(false);
  });

  it('is, for orders of services, a service and nobody else', () => {
    expect(mayAsk('services', aService)).toBe(true);
    expect(mayAsk('services', callerWith('nodes:manage'))).toBe(false);
    expect(mayAsk('services', { ...aService, actor: { kind: 'node', id: 'x', name: 'x' } })).toBe(false);
  });
});
