import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortClaims } from './port-claims.js';

describe('claims on ports', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-claims-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('give a port to one of two that choose at the same moment, and back when it is released', async () => {
    const [one, two] = [new PortClaims(folder), new PortClaims(folder)];
    const taken = await Promise.all([one.take(8080), two.take(8080)]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    await Promise.all([one.release(), two.release()]);
    expect(await two.take(8080)).toBe(true);
  });

  it('may be made twice by the same', async () => {
    const claims = new PortClaims(folder);
    expect(await claims.take(8080)).toBe(true);
    expect(await claims.take(8080)).toBe(true);
  });

  it("of a process that has died are nobody's", async () => {
    await writeFile(join(folder, '8080'), JSON.stringify({ pid: process.pid, startedAt: 'before the last boot' }));
    expect(await new PortClaims(folder).take(8080)).toBe(true);
  });
});
