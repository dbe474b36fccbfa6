import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { COMMAND_ID_HEADER, type NodeView } from '@muster/contracts';
import { Session } from '../../session/session.js';
import { aFleet, admin, aNode, fingerprint } from '../../testing/examples.js';
import { FakeServer } from '../../testing/fake-server.js';
import { FakeSocket } from '../../testing/fake-socket.js';
import { settled } from '../../testing/settled.js';
import { NodeWizard } from './node-wizard.js';

const passed = { outcome: 'passed', stage: 'name', tookMs: 2, words: 'Found gpu-04.lab' };
const verified = {
  outcome: 'verified',
  certificate: { fingerprint: fingerprint('A5'), pem: 'pem' },
  version: '1.4.0',
  hardware: {
    hostname: 'gpu-04',
    platform: 'linux',
    cpu: { model: 'EPYC', cores: 32 },
    memoryTotalBytes: 1024,
    gpus: [],
  },
};

describe('the wizard for a node', () => {
  let server: FakeServer;
  let page: ComponentFixture<NodeWizard>;
  const close = jest.fn();
  const root = (): HTMLElement => page.nativeElement as HTMLElement;
  const text = (): string => root().textContent;
  const type = (id: string, value: string): void => {
    const input = root().querySelector<HTMLInputElement>(`#${id}`);
    if (input === null) throw new Error(`There is no ${id}`);
    input.value = value;
    input.dispatchEvent(new Event('input'));
  };
  const press = (label: string): void => {
    const button = [...root().querySelectorAll('button')].find((each) => each.textContent.trim() === label);
    if (button === undefined) throw new Error(`There is no button ${label}`);
    button.click();
  };
  const toFinish = async (): Promise<void> => {
    press('Next');
    await settled(() => expect(root().querySelector('[data-stage]')).not.toBeNull());
    await settled(() => expect(root().querySelector('.primary[aria-disabled=false]')).not.toBeNull());
    press('Next');
    await settled(() => expect(text()).toContain(fingerprint('A5')));
  };

  const open = async (node?: NodeView): Promise<void> => {
    close.mockClear();
    const socket = new FakeSocket();
    socket.onJoin = () => Promise.resolve({ ok: true, epoch: 'e', seq: 1, snapshot: aFleet(aNode()) });
    server = new FakeServer()
      .answers('GET /api/session', 200, { account: admin, firstAccountNeeded: false })
      .answersLines('POST /api/nodes/verify', passed, verified);
    TestBed.configureTestingModule({
      providers: [
        server.provider,
        socket.provider,
        { provide: DialogRef, useValue: { close } },
        { provide: DIALOG_DATA, useValue: node },
      ],
    });
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(NodeWizard);
    await settled(() => expect(root().querySelector<HTMLInputElement>('#port')?.value).toBe('8022'));
  };
  beforeEach(() => open());

  it('shows the line that makes a machine a node, with the version of this Gateway', async () => {
    const line = (): string => root().querySelector('app-join-line code')?.textContent ?? '';
    await settled(() =>
      expect(line()).toBe(
        `npx --yes ${location.origin}/downloads/muster-node-${aFleet().gateway.version}.tgz --ask-access-key`,
      ),
    );
    expect(text()).toContain('in place of localhost');
    TestBed.resetTestingModule();
    await open(aNode());
    expect(root().querySelector('app-join-line')).toBeNull();
  });

  it('suggests a name', () => {
    expect(root().querySelector<HTMLInputElement>('#node-name')?.value).toMatch(/^[a-z]+-[a-z]+$/);
  });

  it('has its own words for each wrong field, and looks nowhere', async () => {
    type('node-name', 'BRISK-otter');
    type('host', 'https://gpu-04');
    type('port', '');
    press('Next');
    await settled(() => expect(text()).toContain('Leave out the scheme'));
    await settled(() => expect(text()).toContain('Another node has this name.'));
    expect(text()).toContain('The port must be a number');
    expect(server.to('POST /api/nodes/verify')).toEqual([]);
  });

  it('knows an address that another node has', async () => {
    type('host', '10.0.4.17');
    press('Next');
    await settled(() => expect(text()).toContain('Another node has this address.'));
  });

  it('shows the failing stage with its remedy, and does not go on', async () => {
    const failed = {
      outcome: 'failed',
      stage: 'port',
      tookMs: 1,
      cause: 'refused',
      words: 'Connection refused',
      remedy: 'Start it.',
    };
    server.answersLines('POST /api/nodes/verify', passed, failed);
    type('host', 'gpu-04.lab');
    press('Next');
    await settled(() => expect(text()).toContain('Start it.'));
    press('Next');
    expect(text()).not.toContain('Add node');
    expect(text()).toContain('Try again');
  });

  it('registers what was verified under the certificate that was shown, once however often it is tried', async () => {
    type('node-name', 'new-heron');
    type('host', 'gpu-04.lab');
    await toFinish();
    press('Add node');
    await settled(() => expect(text()).toContain('The Gateway does not answer.'));
    server.answers('POST /api/nodes', 201, { version: 3 });
    press('Add node');
    await settled(() => expect(close).toHaveBeenCalled());
    const [first, second] = server.to('POST /api/nodes');
    expect(second?.body).toEqual(first?.body);
    expect(second?.body).toMatchObject({
      name: 'new-heron',
      host: 'gpu-04.lab',
      port: 8022,
      fingerprint: fingerprint('A5'),
    });
    expect(second?.headers.get(COMMAND_ID_HEADER)).toBe(first?.headers.get(COMMAND_ID_HEADER));
  });

  it('leads back to the name when the server knows it to be taken', async () => {
    server.refuses('POST /api/nodes', 409, 'node-name-taken');
    type('node-name', 'late-name');
    type('host', 'gpu-04.lab');
    await toFinish();
    press('Add node');
    await settled(() => expect(text()).toContain('Another node has this name.'));
    type('node-name', 'free-name');
    await settled(() => expect(text()).not.toContain('Another node has this name.'));
  });

  it('takes what somebody else has made of a node that is edited, when the person says so', async () => {
    const node = aNode();
    const at = `/api/nodes/${node.nodeId}`;
    TestBed.resetTestingModule();
    await open(node);
    expect(text()).toContain('Edit brisk-otter');
    server.refuses(`PATCH ${at}`, 409, 'version-conflict');
    type('node-name', 'mine');
    press('Save');
    await settled(() => expect(text()).toContain('Somebody else changed this'));
    server.answers(`GET ${at}`, 200, aNode({ name: 'calm-heron', version: 2 }));
    press('Reload');
    await settled(() => expect(text()).toContain('Edit calm-heron'));
    expect(root().querySelector<HTMLInputElement>('#node-name')?.value).toBe('calm-heron');
    server.answers(`PATCH ${at}`, 200, { version: 3 });
    type('node-name', 'mine');
    press('Save');
    await settled(() => expect(close).toHaveBeenCalled());
    const [first, second] = server.to(`PATCH ${at}`);
    expect([first, second].map((sent) => sent?.headers.get('if-match'))).toEqual(['"1"', '"2"']);
    expect(second?.body).toEqual({ name: 'mine' });
  });
});
