import {
  type LogEntry,
  type NodeLog,
  type NodeSample,
  NodeState,
  ReadLog,
  ReadSamples,
  commandSubject,
} from '@muster/contracts';
import { SimulatedNode, until } from '@muster/testing';
import { accessKeyId, newKey, person, Stage } from './monitor.fixture.js';

jest.setTimeout(60_000);

describe('the monitor', () => {
  let stage: Stage;
  const nodes: SimulatedNode[] = [];
  const node = async (options: Parameters<typeof SimulatedNode.start>[0] = {}) => {
    const made = await SimulatedNode.start({ accessKey: stage.accessKey, ...options });
    nodes.push(made);
    return made;
  };

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.monitor();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((each) => each.stop()));
  });
  afterAll(async () => {
    await stage.close();
  });

  /** Nothing of what another node did was felt: every sample came, and the status never changed. */
  const untouched = (nodeId: string, seqs: readonly number[]) => {
    const [first = 0] = seqs;
    expect(seqs.length).toBeGreaterThan(3);
    expect(seqs).toEqual(seqs.map((_, index) => first + index));
    expect(stage.factsOf(nodeId).map(({ type }) => type)).toEqual(['NodeConnected', 'NodeStatusChanged']);
  };

  it('sees a node green and passes its samples and lines on', async () => {
    const one = await node();
    const samples: NodeSample[] = [];
    const logs: NodeLog[] = [];
    stage.bus.onSamples((sample) => samples.push(sample));
    stage.bus.onLogs((log) => logs.push(log));
    const nodeId = await stage.register(one);
    const { status, hello, link } = await stage.sees(nodeId, 'healthy');
    expect(status).toMatchObject({ colour: 'green', words: 'Healthy', clears: '' });
    expect(hello).toMatchObject({ version: '0.0.0-simulated', run: one.run });
    expect(link).toMatchObject({ phase: 'up', frames: 'in-time' });

    one.log('the fans are quiet', 'warning');
    await until(() => samples.some((sample) => sample.nodeId === nodeId));
    await until(() => logs.some(({ entries }) => entries.some((each) => each.kind === 'line')));

    const { samples: kept } = await stage.bus.ask(ReadSamples, {}, person(), {
      subject: commandSubject(ReadSamples, nodeId),
    });
    expect(kept.length).toBeGreaterThan(0);
    const log = await stage.bus.ask(ReadLog, { limit: 100 }, person(), { subject: commandSubject(ReadLog, nodeId) });
    expect(log.entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'remark', message: expect.stringMatching(/^link up, round trip \d+\.\d ms$/) }),
        expect.objectContaining({ kind: 'line', line: expect.objectContaining({ message: 'the fans are quiet' }) }),
      ]),
    );
    await until(() => stage.factsOf(nodeId).length >= 2);
    expect(stage.factsOf(nodeId)).toMatchObject([
      { type: 'NodeConnected', data: { run: one.run } },
      { type: 'NodeStatusChanged', data: { to: { reason: 'healthy' } } },
    ]);
  });

  it('sees a killed node red at once with its reason, and green within 5 s of its return', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    await one.kill();
    const { status } = await stage.sees(nodeId, 'refused', 2_000);
    expect(status.colour).toBe('red');
    await one.comeBack();
    await stage.sees(nodeId, 'healthy', 5_000);
    const times = (type: string) => stage.factsOf(nodeId).filter((fact) => fact.type === type).length;
    await until(() => times('NodeConnected') === 2 && times('NodeLost') === 1);
    expect(stage.factsOf(nodeId).length).toBeLessThanOrEqual(6);
  });

  it('sees a frozen node stale after 3 s and silent after 5 s', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    await until(() => stage.states.get(nodeId)?.link.phase === 'up');
    const frozenMs = performance.now();
    one.freeze();
    await stage.sees(nodeId, 'stale');
    const staleMs = performance.now() - frozenMs;
    await stage.sees(nodeId, 'silent');
    const silentMs = performance.now() - frozenMs;
    expect(staleMs).toBeGreaterThan(1_500);
    expect(staleMs).toBeLessThan(3_500);
    expect(silentMs).toBeLessThan(5_500);
    one.thaw();
    await stage.sees(nodeId, 'healthy', 8_000);
  });

  it('doubts itself when all of its nodes fall silent at once: none turns red for one window more, and then all do', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => node()));
    const ids: string[] = [];
    for (const each of all) ids.push(await stage.register(each));
    await Promise.all(ids.map((nodeId) => stage.sees(nodeId, 'healthy')));
    const frozenMs = performance.now();
    for (const each of all) each.freeze();
    await until(() => ids.some((nodeId) => stage.states.get(nodeId)?.status.colour === 'red'), undefined, {
      withinMs: 12_000,
    });
    expect(performance.now() - frozenMs).toBeGreaterThan(6_500);
    await Promise.all(ids.map((nodeId) => stage.sees(nodeId, 'silent', 4_000)));
  });

  it('names a wrong key, and makes the link at once when the key is changed', async () => {
    const one = await node({ accessKey: 'B'.repeat(43) });
    const nodeId = await stage.register(one);
    const { link } = await stage.sees(nodeId, 'key-refused');
    const waitMs = Date.parse(link.phase === 'down' ? (link.nextTryAt ?? '') : '') - Date.now();
    expect(waitMs).toBeGreaterThan(28_000);
    await stage.setAccessKey('B'.repeat(43));
    await stage.sees(nodeId, 'healthy');
  });

  describe('during a rotation of the access key', () => {
    const keyIdOf = (nodeId: string) => {
      const link = stage.states.get(nodeId)?.link;
      return link?.phase === 'up' ? link.keyId : undefined;
    };
    /** Nobody who looks at the node's history has noticed anything: it was linked once and never lost. */
    const unnoticed = async (nodeId: string) => {
      await until(() => stage.factsOf(nodeId).some(({ type }) => type === 'NodeStatusChanged'));
      const types = stage.factsOf(nodeId).map(({ type }) => type);
      expect(types.filter((type) => type !== 'NodeStatusChanged')).toEqual(['NodeConnected']);
    };

    it('keeps the link of a node that has only the former key, moves it over when it has the new one, and no status tells', async () => {
      const [one, two] = [await node(), await node()];
      const [oneId, twoId] = [await stage.register(one), await stage.register(two)];
      await Promise.all([stage.sees(oneId, 'healthy'), stage.sees(twoId, 'healthy')]);
      const [former, next] = [stage.accessKey, newKey()];
      expect(keyIdOf(oneId)).toBe(accessKeyId(former));

      const reasons = new Set<string>();
      const watching = stage.bus.bucket('NODES', NodeState).watch((change) => {
        if (change.change === 'put' && change.key === oneId) reasons.add(change.value.status.reason);
      });
      const samples: number[] = [];
      const listening = stage.bus.onSamples(({ seq }) => samples.push(seq), { nodeId: oneId });
      // Two lines in the key file of the one: it is moved over at the first try. The other has the former key alone.
      one.setAccessKeys(next, former);
      await stage.setAccessKey(next, former);
      await until(
        () => keyIdOf(oneId),
        (keyId) => keyId === accessKeyId(next),
      );
      await until(() => one.links === 1);
      expect(keyIdOf(twoId)).toBe(accessKeyId(former));
      // The key file of the other is replaced: it closes its link itself, and has another before anybody could say so.
      two.setAccessKeys(next);
      await until(
        () => keyIdOf(twoId),
        (keyId) => keyId === accessKeyId(next),
      );
      await until(() => samples.length > 2);
      expect(samples).toEqual(samples.map((_, index) => (samples[0] ?? 0) + index));
      // A machine that is held up for three seconds may see a node stale; a link that was made anew would show otherwise.
      expect([...reasons].filter((reason) => reason !== 'healthy' && reason !== 'stale')).toEqual([]);
      await unnoticed(oneId);
      await unnoticed(twoId);
      await Promise.all([listening.stop(), watching.stop()]);
    });

    it('links a node anew with the former key when that is what it has', async () => {
      const one = await node();
      const nodeId = await stage.register(one);
      await stage.sees(nodeId, 'healthy');
      const former = stage.accessKey;
      await stage.setAccessKey(newKey(), former);
      one.dropLinks();
      await until(() => stage.factsOf(nodeId).filter(({ type }) => type === 'NodeConnected').length === 2);
      await stage.sees(nodeId, 'healthy');
      expect(keyIdOf(nodeId)).toBe(accessKeyId(former));
    });

    it('refuses the former key as soon as it is given up', async () => {
      const one = await node();
      const nodeId = await stage.register(one);
      await stage.sees(nodeId, 'healthy');
      const [former, next] = [stage.accessKey, newKey()];
      await stage.setAccessKey(next, former);
      await stage.setAccessKey(next);
      await stage.sees(nodeId, 'key-refused');
      expect(one.links).toBe(0);
    });

    it('says red when the node closes its link and knows neither key', async () => {
      const one = await node();
      const nodeId = await stage.register(one);
      await stage.sees(nodeId, 'healthy');
      one.setAccessKeys(newKey());
      await stage.sees(nodeId, 'key-refused');
    });
  });

  it('ends links to what may no longer be dialled, and makes them again when it may', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    const ports = { from: 1_024, to: 65_535 };
    await stage.setDial({ loopback: false, private: true, ports });
    await stage.sees(nodeId, 'address-not-allowed');
    expect(one.links).toBe(0);
    await stage.setDial({ loopback: true, private: true, ports });
    await stage.sees(nodeId, 'healthy');
    await stage.setDial({ loopback: true, private: true, ports: { from: 1_024, to: 1_024 } });
    await stage.sees(nodeId, 'address-not-allowed');
    await stage.setDial({ loopback: true, private: true, ports });
    await stage.sees(nodeId, 'healthy');
  });

  it('refuses another certificate than the pinned one until it is accepted', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    const certificate = await one.newCertificate();
    one.dropLinks();
    await stage.sees(nodeId, 'certificate-changed');
    await stage.say(nodeId, 'NodeCertificatePinned', { certificate });
    await stage.sees(nodeId, 'healthy');
  });

  it('closes the link of a hostile node alone', async () => {
    const [good, bad] = [await node({ everyMs: 100 }), await node()];
    const [goodId, badId] = [await stage.register(good), await stage.register(bad)];
    await stage.sees(goodId, 'healthy');
    await stage.sees(badId, 'healthy');
    const seqs: number[] = [];
    const listening = stage.bus.onSamples(({ seq }) => seqs.push(seq), { nodeId: goodId });
    for (const frame of ['{"type":"samples"}', '['.repeat(20_000), 'x'.repeat(2 * 1024 * 1024), Buffer.from([0xff])]) {
      await stage.sees(badId, 'healthy', 20_000);
      bad.sendRaw(frame);
      await stage.sees(badId, 'protocol');
      // A person accepts the certificate anew: the quickest way to have the link tried again at once.
      await stage.say(badId, 'NodeDeactivated', {});
      await stage.sees(badId, 'deactivated');
      await stage.say(badId, 'NodeActivated', {});
    }
    await listening.stop();
    untouched(goodId, seqs);
  });

  it('ends the link of a deactivated node, and keeps what it knows of it', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    await stage.say(nodeId, 'NodeDeactivated', {});
    const { status, hello } = await stage.sees(nodeId, 'deactivated');
    expect(status.colour).toBe('grey');
    expect(hello?.hardware.hostname).toBe('simulated');
    await until(() => one.links === 0, Boolean);
    await stage.say(nodeId, 'NodeActivated', {});
    await stage.sees(nodeId, 'healthy');
  });

  it('forgets a node that was removed', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    await stage.say(nodeId, 'NodeRemoved', { name: 'it' });
    await until(() => !stage.states.has(nodeId));
    await until(() => one.links === 0, Boolean);
  });

  it('has no hole after an outage that the buffers of the node cover', async () => {
    const one = await node({ everyMs: 100 });
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    one.log('before');
    one.dropLinks();
    for (let turn = 0; turn < 50; turn++) one.log(`during ${turn}`);
    await stage.sees(nodeId, 'healthy', 8_000);
    one.log('after');
    const read = () => stage.bus.ask(ReadLog, { limit: 1_000 }, person(), { subject: commandSubject(ReadLog, nodeId) });
    const { entries } = await until(read, (page) =>
      page.entries.some((each) => each.kind === 'line' && each.line.message === 'after'),
    );
    const seqs = entries.flatMap((each) => (each.kind === 'line' ? [each.line.seq] : []));
    expect(seqs).toEqual(Array.from({ length: 52 }, (_, index) => index + 1));
    expect(entries.filter(({ kind }) => kind === 'gap')).toEqual([]);
    const { samples } = await stage.bus.ask(ReadSamples, {}, person(), {
      subject: commandSubject(ReadSamples, nodeId),
    });
    expect(samples.map(({ seq }) => seq)).toEqual(Array.from({ length: samples.length }, (_, index) => index + 1));
  });

  it('shows the gap when the outage is longer than the buffers', async () => {
    const one = await node();
    const nodeId = await stage.register(one);
    await stage.sees(nodeId, 'healthy');
    const entries: LogEntry[] = [];
    const listening = stage.bus.onLogs((log) => entries.push(...log.entries), { nodeId });
    one.dropLinks();
    one.logBurst(10_500);
    await until(() => entries.filter(({ kind }) => kind === 'line').length >= 10_000, Boolean, { withinMs: 10_000 });
    await listening.stop();
    const gap = entries.find(({ kind }) => kind === 'gap');
    expect(gap).toMatchObject({ where: 'node' });
    const lines = entries.filter(({ kind }) => kind === 'line').length;
    expect((gap?.kind === 'gap' ? (gap.lost ?? 0) : 0) + lines).toBe(10_500);
    await until(() => stage.factsOf(nodeId).some(({ type }) => type === 'NodeLogGap'));
  });

  it('cuts a flood of lines, and no other node feels it', async () => {
    const [calm, wild] = [await node({ everyMs: 100 }), await node()];
    const [calmId, wildId] = [await stage.register(calm), await stage.register(wild)];
    await stage.sees(calmId, 'healthy');
    await stage.sees(wildId, 'healthy');
    const seqs: number[] = [];
    const listening = stage.bus.onSamples(({ seq }) => seqs.push(seq), { nodeId: calmId });
    for (let turn = 0; turn < 20; turn++) {
      wild.logBurst(2_500);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await until(() => stage.factsOf(wildId).some(({ type }) => type === 'NodeLogGap'), Boolean, { withinMs: 10_000 });
    await listening.stop();
    untouched(calmId, seqs);
  });
});
