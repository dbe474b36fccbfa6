import { provideZonelessChangeDetection, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { Permission } from '@muster/contracts';
import { outage, type Outcome } from '../api/outcome.js';
import { Session } from '../session/session.js';
import { settled } from '../testing/settled.js';
import { Clock } from './clock.js';
import { Connection } from './connection.js';
import type { ReadRemote } from './read-remote.js';
import { registryList } from './registry-list.js';

describe('a list of the registry', () => {
  const may = signal<readonly Permission[]>(['keys:manage']);
  const visible = signal(true);
  const changes = signal('1 0');
  const ask = jest.fn<Promise<Outcome<readonly string[]>>, []>();
  let list: ReadRemote<readonly string[]>;

  beforeEach(() => {
    may.set(['keys:manage']);
    visible.set(true);
    ask.mockReset().mockResolvedValue({ ok: true, value: ['one'] });
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        { provide: Session, useValue: { may: (permission: Permission) => may().includes(permission) } },
        { provide: Clock, useValue: { visible } },
        { provide: Connection, useValue: { changesOf: () => changes } },
      ],
    });
    list = TestBed.runInInjectionContext(() => registryList<string>('keys', ask));
  });

  const reads = (times: number) => settled(() => expect(ask).toHaveBeenCalledTimes(times));

  it('is read at once, and again when the Gateway says that it changed', async () => {
    await settled(() => expect(list.view()).toEqual({ state: 'ready', value: ['one'] }));
    ask.mockResolvedValue({ ok: true, value: ['one', 'two'] });
    changes.set('1 1');
    await settled(() => expect(list.view()).toEqual({ state: 'ready', value: ['one', 'two'] }));
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is not read while nobody can see it, and is when somebody can', async () => {
    await reads(1);
    visible.set(false);
    TestBed.tick();
    changes.set('1 2');
    TestBed.tick();
    expect(ask).toHaveBeenCalledTimes(1);
    visible.set(true);
    await reads(2);
  });

  it('keeps what was known while the Gateway is away, and forgets what may not be seen any more', async () => {
    await reads(1);
    ask.mockResolvedValue(outage('Nobody answers'));
    changes.set('2 0');
    await settled(() => expect(list.view()).toEqual({ state: 'lost', last: ['one'] }));
    may.set([]);
    await settled(() => expect(list.view()).toEqual({ state: 'loading' }));
  });

  it('does not let an answer that comes late stand for a newer one', async () => {
    await reads(1);
    let late: (value: Outcome<readonly string[]>) => void = () => undefined;
    ask.mockReturnValueOnce(new Promise((resolve) => (late = resolve)));
    const first = list.read();
    ask.mockResolvedValue({ ok: true, value: ['newer'] });
    await list.read();
    late({ ok: true, value: ['older'] });
    expect(await first).toEqual(['older']);
    expect(list.view()).toEqual({ state: 'ready', value: ['newer'] });
  });
});
