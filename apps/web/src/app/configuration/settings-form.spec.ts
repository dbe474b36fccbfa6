import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { shippedSettings } from '@muster/contracts';
import { Session } from '../session/session.js';
import { admin, AT } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { SettingsForm } from './settings-form.js';
import { type Settings, SettingsStore } from './settings-store.js';

const settingsAt = (version: number, over: Partial<Settings> = {}): Settings => ({
  ...shippedSettings,
  accessKey: { keyId: '0a0b0c0d', changedAt: AT },
  version,
  ...over,
});

describe('the form of the settings', () => {
  let server: FakeServer;
  let fixture: ComponentFixture<SettingsForm>;
  let store: SettingsStore;
  const page = (): HTMLElement => fixture.nativeElement as HTMLElement;
  const text = (): string => page().textContent.replace(/\s+/g, ' ');
  const field = (name: string): HTMLInputElement => {
    const found = page().querySelector<HTMLInputElement>(`#${name}`);
    if (found === null) throw new Error(`There is no field ${name}`);
    return found;
  };
  const type = async (name: string, value: string) => {
    field(name).value = value;
    field(name).dispatchEvent(new Event('input'));
    await settled(() => expect(text()).toContain('Unsaved changes'));
  };
  const press = (words: string) => {
    const button = [...page().querySelectorAll('button')].find((each) => each.textContent.trim() === words);
    if (button === undefined) throw new Error(`There is no button ${words}`);
    button.click();
  };
  const serverHas = (settings: Settings) => server.answers('GET /api/settings', 200, settings);

  beforeEach(async () => {
    server = new FakeServer().answers('GET /api/session', 200, { account: admin, firstAccountNeeded: false });
    serverHas(settingsAt(1));
    TestBed.configureTestingModule({ providers: [new FakeSocket().provider, server.provider, SettingsStore] });
    await TestBed.inject(Session).known();
    fixture = TestBed.createComponent(SettingsForm);
    store = TestBed.inject(SettingsStore);
    await settled(() => expect(field('delayed-seconds').value).toBe('30'));
  });

  it('sends what was changed and nothing else, decided on the version that was seen', async () => {
    await type('delayed-seconds', '5');
    server.answers('PATCH /api/settings', 200, { version: 2 });
    serverHas(settingsAt(2, { delayedThresholdMs: 5_000 }));
    press('Save');
    await settled(() => expect(text()).toContain('Saved'));
    const [sent] = server.to('PATCH /api/settings');
    expect(sent?.body).toEqual({ delayedThresholdMs: 5_000 });
    expect(sent?.headers.get('if-match')).toBe('"1"');
  });

  it('shows what somebody else changed at once while nothing is typed', async () => {
    serverHas(settingsAt(2, { delayedThresholdMs: 7_000 }));
    await store.read();
    await settled(() => expect(field('delayed-seconds').value).toBe('7'));
  });

  it('keeps what is typed when somebody else was faster, and offers to reload', async () => {
    await type('port-from', '8000');
    serverHas(settingsAt(2, { delayedThresholdMs: 7_000 }));
    await store.read();
    await settled(() => expect(text()).toContain('Somebody else changed the settings'));
    expect(field('port-from').value).toBe('8000');
    expect(field('delayed-seconds').value).toBe('30');
    press('Reload');
    await settled(() => expect(field('delayed-seconds').value).toBe('7'));
    expect(field('port-from').value).toBe('1024');
    expect(text()).not.toContain('Unsaved');
  });

  it('offers to reload when the server says that the version is another', async () => {
    await type('port-from', '8000');
    server.refuses('PATCH /api/settings', 409, 'version-conflict', { currentVersion: 2 });
    press('Save');
    await settled(() => expect(text()).toContain('Somebody else changed the settings'));
    expect(field('port-from').value).toBe('8000');
  });

  it('takes a change of the access key for no conflict', async () => {
    await type('delayed-seconds', '5');
    serverHas(settingsAt(3, { rotation: { formerKeyId: '01020304', since: AT } }));
    await store.read();
    TestBed.tick();
    server.answers('PATCH /api/settings', 200, { version: 4 });
    serverHas(settingsAt(4, { delayedThresholdMs: 5_000 }));
    press('Save');
    await settled(() => expect(text()).toContain('Saved'));
    expect(server.to('PATCH /api/settings')[0]?.headers.get('if-match')).toBe('"3"');
  });

  it('sends nothing while a field is wrong, and says what is', async () => {
    await type('log-lines-days', '0');
    press('Save');
    await settled(() => expect(text()).toContain('This must lie between 1 and 90 days'));
    expect(server.to('PATCH /api/settings')).toEqual([]);
    press('Discard');
    await settled(() => expect(field('log-lines-days').value).toBe('7'));
  });
});
