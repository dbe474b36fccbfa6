import type { FromNode } from '@muster/node-link';
import { dial } from '@muster/node-link';
import { SimulatedNode, simulatedFleet } from './simulated-node.js';
import { until } from './until.js';

const linkTo = (node: SimulatedNode) =>
  dial({
    host: node.host,
    port: node.port,
    address: node.host,
    accessKey: node.accessKey,
    pinned: node.certificate,
  });

describe('a simulated node', () => {
  let node: SimulatedNode;
  beforeEach(async () => {
    node = await SimulatedNode.start({ name: 'first', everyMs: 20 });
  });
  afterEach(() => node.stop());

  it('sends samples, lines and changes of its condition', async () => {
    const link = await linkTo(node);
    const frames: FromNode[] = [];
    link.onFrame((frame) => frames.push(frame));
    node.logBurst(3);
    node.setCondition({ condition: 'draining' });
    await until(() => ['samples', 'lines', 'condition'].every((type) => frames.some((frame) => frame.type === type)));
    link.close();
  });

  it('keeps the link but says nothing while frozen', async () => {
    const link = await linkTo(node);
    let frames = 0;
    link.onFrame(() => (frames += 1));
    await until(() => frames > 3);
    node.freeze();
    await expect(
      Promise.race([link.ping(), new Promise((resolve) => setTimeout(resolve, 150, 'silence'))]),
    ).resolves.toBe('silence');
    node.thaw();
    await until(() => link.roundTripMs !== undefined);
    link.close();
  });

  it('is killed without a goodbye and comes back on its port as another run', async () => {
    const link = await linkTo(node);
    const run = node.run;
    await node.kill();
    await expect(link.closed).resolves.toBe('closed');
    await node.comeBack();
    const again = await linkTo(node);
    expect(again.hello.run).not.toBe(run);
    again.close();
  });

  it('refuses an old key, an old version and shows a new certificate when told to', async () => {
    const oldKey = node.accessKey;
    const { host, port } = node;
    const pinned = node.certificate;
    node.setVersions(99);
    await expect(linkTo(node)).rejects.toMatchObject({ linkCause: 'version' });
    node.setVersions(2, 1);
    node.setAccessKeys('n'.repeat(43));
    await expect(dial({ host, port, address: host, accessKey: oldKey, pinned })).rejects.toMatchObject({
      linkCause: 'key-refused',
    });
    await node.newCertificate();
    await expect(dial({ host, port, address: host, accessKey: node.accessKey, pinned })).rejects.toMatchObject({
      linkCause: 'certificate-changed',
    });
  });
});

describe('a simulated fleet', () => {
  it('has each node on a port of its own and all under one key', async () => {
    const fleet = await simulatedFleet(20, { everyMs: 0 });
    const links = await Promise.all(fleet.nodes.map(linkTo));
    expect(new Set(fleet.nodes.map(({ port }) => port)).size).toBe(20);
    expect(new Set(links.map(({ hello }) => hello.run)).size).toBe(20);
    await fleet.stop();
    await expect(Promise.all(links.map(({ closed }) => closed))).resolves.toEqual(links.map(() => 'closed'));
  });
});
