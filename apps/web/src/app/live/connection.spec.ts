import { Component, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Session } from '../session/session.js';
import { aFleet, admin, aNode, NODE_ID } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { Connection } from './connection.js';
import { Fleet } from './fleet.js';

@Component({ selector: 'app-test', template: `{{ fleet.view().state }}` })
class Host {
  readonly fleet = inject(Fleet);
}

describe('Connection', () => {
  let socket: FakeSocket;
  let server: FakeServer;
  let fleet: Fleet;
  const epoch = 'one';
  const change = (seq: number, name: string) => ({
    epoch,
    seq,
    changed: [aNode({ name })],
    removed: [],
    loads: {},
  });
  const name = (): string | undefined => fleet.last()?.nodes.get(NODE_ID)?.name;

  beforeEach(async () => {
    socket = new FakeSocket();
    server = new FakeServer().answers('GET /api/session', 200, { account: admin, firstAccountNeeded: false });
    TestBed.configureTestingModule({ providers: [socket.provider, server.provider] });
    socket.onJoin = () => Promise.resolve({ ok: true, epoch, seq: 4, snapshot: aFleet(aNode({ name: 'first' })) });
    await TestBed.inject(Session).known();
    fleet = TestBed.createComponent(Host).componentInstance.fleet;
    await settled(() => expect(fleet.view().state).toBe('ready'));
  });

  it('shows the snapshot, then each change', async () => {
    expect(name()).toBe('first');
    socket.says('fleet:change', change(5, 'second'));
    await settled(() => expect(name()).toBe('second'));
  });

  it('joins again when a number is missing', async () => {
    socket.onJoin = () => Promise.resolve({ ok: true, epoch, seq: 9, snapshot: aFleet(aNode({ name: 'whole' })) });
    socket.says('fleet:change', change(7, 'torn'));
    await settled(() => expect(name()).toBe('whole'));
    socket.says('fleet:change', change(10, 'next'));
    await settled(() => expect(name()).toBe('next'));
  });

  it('joins again when the room is dirty, but not for another room', async () => {
    const before = socket.times('fleet:join');
    socket.says('room:dirty', { room: 'log', nodeId: NODE_ID });
    expect(socket.times('fleet:join')).toBe(before);
    socket.says('room:dirty', { room: 'fleet' });
    expect(socket.times('fleet:join')).toBe(before + 1);
    await settled(() => expect(fleet.view().state).toBe('ready'));
  });

  it('keeps what was known while the wire is broken, and joins again when it heals', async () => {
    socket.breaks();
    await settled(() => expect(fleet.view().state).toBe('lost'));
    expect(name()).toBe('first');
    expect(TestBed.inject(Connection).live().state).toBe('lost');
    socket.onJoin = () =>
      Promise.resolve({ ok: true, epoch: 'two', seq: 1, snapshot: aFleet(aNode({ name: 'back' })) });
    socket.connect();
    await settled(() => expect(name()).toBe('back'));
    expect(TestBed.inject(Connection).live().state).toBe('live');
  });

  it('tries again by itself when nobody answers the join', async () => {
    let answers = 0;
    socket.onJoin = () => {
      answers += 1;
      return answers === 1
        ? Promise.reject(new Error('timed out'))
        : Promise.resolve({ ok: true, epoch, seq: 1, snapshot: aFleet(aNode({ name: 'second try' })) });
    };
    jest.useFakeTimers({ doNotFake: ['performance', 'queueMicrotask'] });
    try {
      socket.says('room:dirty', { room: 'fleet' });
      await jest.advanceTimersByTimeAsync(1_500);
    } finally {
      jest.useRealTimers();
    }
    await settled(() => expect(name()).toBe('second try'));
  });

  it('says the words of a refusal', async () => {
    socket.onJoin = () => Promise.resolve({ ok: false, code: 'not-permitted', words: 'You may not.' });
    socket.says('room:dirty', { room: 'fleet' });
    await settled(() => expect(fleet.view()).toEqual({ state: 'refused', words: 'You may not.' }));
  });

  it('signs out when the server ends the session, and hangs up', async () => {
    socket.says('session:ended');
    await settled(() => expect(socket.connected).toBe(false));
    expect(TestBed.inject(Session).state()).toEqual({
      state: 'signed-out',
      why: 'Your session has ended. Sign in again.',
    });
  });

  it('forgets what one account saw before another signs in', async () => {
    server.answers('DELETE /api/session', 204).answers('POST /api/session', 201, {
      account: { ...admin, permissions: [] },
      firstAccountNeeded: false,
    });
    await TestBed.inject(Session).signOut();
    await settled(() => expect(fleet.last()).toBeUndefined());
    await TestBed.inject(Session).signIn('viewer', 'password');
    await settled(() => expect(socket.connected).toBe(true));
    expect(fleet.last()).toBeUndefined();
    expect(socket.times('fleet:join')).toBe(1);
  });

  it('asks whether the session is over when it is not let in', async () => {
    server.answers('GET /api/session', 200, { account: null, firstAccountNeeded: false });
    socket.breaks();
    socket.says('connect_error', new Error('not-signed-in'));
    await settled(() => expect(TestBed.inject(Session).account()).toBeUndefined());
  });
});
