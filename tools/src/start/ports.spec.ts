import { choosePorts } from './ports.js';

const console = { port: 8080, isFixed: false };
const free = () => Promise.resolve(true);
const freeBut =
  (...taken: number[]) =>
  (port: number) =>
    Promise.resolve(!taken.includes(port));

describe('the choice of ports', () => {
  it('is the usual ones when all are free, the node at 8022 and the console at 8080', async () => {
    expect(await choosePorts({}, console, free)).toMatchObject({ console: 8080, node: 8022 });
  });

  it('goes to the next free one when the usual is taken', async () => {
    expect(await choosePorts({}, console, freeBut(8080, 8081, 8022))).toMatchObject({ console: 8082, node: 8023 });
  });

  it('keeps what it was the last time', async () => {
    const before = await choosePorts({}, console, freeBut(8080, 15_432));
    expect(await choosePorts(before, console, free)).toEqual(before);
  });

  it('gives up a remembered port that somebody else has now', async () => {
    const before = await choosePorts({}, console, free);
    const after = await choosePorts(before, console, freeBut(before.postgres));
    expect(after).toEqual({ ...before, postgres: before.postgres + 1 });
  });

  it('never gives one port to two parts', async () => {
    const chosen = await choosePorts({ nats: 18_081, monitor: 18_081, postgres: 8080 }, console, free);
    expect(new Set(Object.values(chosen)).size).toBe(Object.keys(chosen).length);
  });

  it('takes a port that was asked for, or says that it is taken', async () => {
    expect(await choosePorts({ console: 9000 }, { port: 7000, isFixed: true }, free)).toMatchObject({ console: 7000 });
    await expect(choosePorts({}, { port: 7000, isFixed: true }, freeBut(7000))).rejects.toThrow(
      'Port 7000 is taken. End what listens there, or choose another with --port.',
    );
  });

  it('says which part finds none', async () => {
    await expect(choosePorts({}, console, (port) => Promise.resolve(port < 14_000 || port > 15_000))).rejects.toThrow(
      /No free port for nats/,
    );
  });
});
