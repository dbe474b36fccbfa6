import { choosePorts, internalPorts, portsToRemember } from './ports.js';

const console = { port: 8080, isFixed: false };
const INTERNAL = 18_000;
const free = () => Promise.resolve(true);
const freeBut =
  (...taken: number[]) =>
  (port: number) =>
    Promise.resolve(!taken.includes(port));

describe('the choice of ports', () => {
  it('is the usual ones when all are free, the node at 8022 and the console at 8080', async () => {
    expect(await choosePorts({}, console, INTERNAL, free)).toMatchObject({ console: 8080, node: 8022 });
  });

  it('goes to the next free one when the usual is taken', async () => {
    expect(await choosePorts({}, console, INTERNAL, freeBut(8080, 8081, 8022))).toMatchObject({
      console: 8082,
      node: 8023,
    });
  });

  it('keeps what it was the last time', async () => {
    const before = await choosePorts({}, console, INTERNAL, freeBut(8080, 18_002));
    expect(await choosePorts(before, console, INTERNAL, free)).toEqual(before);
  });

  it('gives up a remembered port that somebody else has now', async () => {
    const before = await choosePorts({}, console, INTERNAL, free);
    const after = await choosePorts(before, console, INTERNAL, freeBut(before.postgres));
    expect(after).toEqual({ ...before, postgres: before.webhooks + 1 });
  });

  it('goes back to the port under which this machine is known as a node, once it is free again', async () => {
    const first = await choosePorts({}, console, INTERNAL, () => Promise.resolve(true));
    const moved = await choosePorts(first, console, INTERNAL, (port) => Promise.resolve(port !== first.node));
    expect(moved.node).not.toBe(first.node);
    const again = await choosePorts(portsToRemember(first, moved), console, INTERNAL, () => Promise.resolve(true));
    expect(again.node).toBe(first.node);
  });

  it('never gives one port to two parts', async () => {
    const chosen = await choosePorts({ nats: 18_000, monitor: 18_000, postgres: 8080 }, console, INTERNAL, free);
    expect(new Set(Object.values(chosen)).size).toBe(Object.keys(chosen).length);
  });

  it('takes a port that was asked for, or says that it is taken', async () => {
    expect(await choosePorts({ console: 9000 }, { port: 7000, isFixed: true }, INTERNAL, free)).toMatchObject({
      console: 7000,
    });
    await expect(choosePorts({}, { port: 7000, isFixed: true }, INTERNAL, freeBut(7000))).rejects.toThrow(
      'Port 7000 is taken. End what listens there, or choose another with --port.',
    );
  });

  it('begins at another place for another data folder, below the ports of outgoing connections', () => {
    const places = ['/a', '/b', '/home/ada/muster/.muster'].map(internalPorts);
    expect(new Set(places).size).toBe(3);
    for (const place of places) {
      expect(place).toBeGreaterThanOrEqual(18_000);
      expect(place).toBeLessThan(24_000);
      expect(place % 6).toBe(0);
    }
  });

  it('says which part finds none', async () => {
    await expect(choosePorts({}, console, INTERNAL, (port) => Promise.resolve(port < 18_003))).rejects.toThrow(
      /No free port for nats/,
    );
  });
});
