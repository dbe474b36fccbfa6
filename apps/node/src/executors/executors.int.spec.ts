import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor, Model, NodeOrder } from '@muster/contracts';
import { until } from '@muster/testing';
import { StandInEngine, standInModel } from '../../test/stand-in-engine.js';
import type { ExternalServer } from '../engines/external-server.js';
import { Executors } from './executors.js';
import { KeptFiles } from './kept-files.js';
import { endLeftRuns, processMark } from './processes.js';

jest.setTimeout(60_000);

let folder: string;
const opened: Executors[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-executors-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  message: string;
  executorId?: string | undefined;
  executorRun?: string | undefined;
}

/** The executors of a node whose models are these, with an engine that starts real processes. */
async function life(models: Model[], external: ExternalServer[] = []) {
  const engine = new StandInEngine();
  const clock = { aheadMs: 0 };
  const lines: Line[] = [];
  const executors = new Executors({
    engines: [engine],
    external: { current: () => external },
    models: () => models,
    files: new KeptFiles(folder, () => undefined),
    memory: () => undefined,
    log: { write: (_level, _source, message, span) => lines.push({ message, ...span }) },
    now: () => new Date().toISOString(),
    newId: randomUUID,
    changed: () => undefined,
    nowMs: () => performance.now() + clock.aheadMs,
    times: { drainMs: 2_000, stopGraceMs: 500, queueMs: 10_000 },
  });
  opened.push(executors);
  await executors.start();
  const order = (given: NodeOrder) => executors.carryOut(given);
  const start = async (name: string, parameters?: Extract<NodeOrder, { order: 'start' }>['parameters']) => {
    const outcome = await order({ order: 'start', modelId: `${name}.gguf`, ...(parameters && { parameters }) });
    if (outcome.outcome !== 'done') throw new Error(`Not started: ${JSON.stringify(outcome)}`);
    return outcome.done.executorId;
  };
  const view = (executorId: string): Executor => {
    const found = executors.views().find((each) => each.executorId === executorId);
    if (found === undefined) throw new Error('There is no such executor');
    return found;
  };
  const is = (executorId: string, state: Executor['state'], withinMs = 15_000) =>
    until(
      () => view(executorId),
      (each) => each.state === state,
      { withinMs },
    );
  const pidOf = () => new KeptFiles(folder, () => undefined).runs().find(({ pid }) => pid !== undefined)?.pid;
  return { executors, engine, clock, lines, order, start, view, is, pidOf };
}

const alive = async (pid: number | undefined) => pid !== undefined && (await processMark(pid)) !== undefined;
const kill = (pid: number | undefined) => process.kill(pid ?? Number.NaN, 'SIGKILL');

describe('an executor of a node', () => {
  it('is started by order, answers how it is, and its process is gone when it is stopped', async () => {
    const { start, is, order, pidOf, executors } = await life([standInModel('one', 'with-child')]);
    const id = await start('one', { slots: 2 });
    expect(await is(id, 'online')).toMatchObject({ slots: 2, enabled: true, managed: true, restarts: 0 });
    const pid = await until(pidOf);
    await until(() => executors.samples()[0]?.tokensPerSecond === 7);
    await order({ order: 'stop', executorId: id });
    expect(await is(id, 'offline')).toMatchObject({ enabled: false });
    expect(await alive(pid)).toBe(false);
    expect(pidOf()).toBeUndefined();
  });

  it('is killed when it does not end by itself', async () => {
    const { start, is, order, pidOf } = await life([standInModel('one', 'stubborn')]);
    const id = await start('one');
    await is(id, 'online');
    const pid = await until(pidOf);
    await order({ order: 'stop', executorId: id });
    await is(id, 'offline');
    expect(await alive(pid)).toBe(false);
  });

  it('is started anew when it is killed, fails at the third time with its reason and lines, and can be started again', async () => {
    const { start, is, order, pidOf, lines, view } = await life([standInModel('one')]);
    const id = await start('one');
    let before: number | undefined;
    for (let n = 1; n <= 3; n += 1) {
      const pid = await until(pidOf, (each) => each !== undefined && each !== before, { withinMs: 15_000 });
      await is(id, 'online');
      before = pid;
      kill(pid);
    }
    const failed = await is(id, 'failed');
    expect(failed.failure).toMatchObject({ signal: 'SIGKILL' });
    expect(failed).toMatchObject({ restarts: 2, enabled: true });
    expect(failed.words).toContain('SIGKILL, the third time within ten minutes');
    const outcome = await order({ order: 'read-last-lines', executorId: id });
    if (outcome.outcome !== 'lines') throw new Error('No lines');
    expect(outcome.lines.lines.map(({ message }) => message)[0]).toBe('loading the model');
    expect(new Set(lines.flatMap(({ executorRun }) => executorRun ?? [])).size).toBe(3);

    await order({ order: 'start-again', executorId: id });
    await is(id, 'online');
    expect(view(id).restarts).toBe(0);
  });

  it('keeps the last fifty lines and the exit code of a run that can not start, over a restart of the node', async () => {
    const models = [standInModel('one', 'fails')];
    const first = await life(models);
    const id = await first.start('one');
    expect((await first.is(id, 'failed', 30_000)).failure).toMatchObject({ exitCode: 3 });
    await first.executors.close();
    const second = await life(models.map((model) => ({ ...model, path: 'slow' })));
    const outcome = await second.order({ order: 'read-last-lines', executorId: id });
    if (outcome.outcome !== 'lines') throw new Error('No lines');
    expect(outcome.lines.lines).toHaveLength(50);
    expect(outcome.lines.lines.at(-1)?.message).toBe('problem 60');
    expect(outcome.lines.failure).toMatchObject({ exitCode: 3 });
  });

  it('is started with the node again when it is wanted and may be, with the parameters that were set', async () => {
    const models = [standInModel('one'), standInModel('two'), standInModel('three')];
    const first = await life(models);
    const [one, two, three] = [
      await first.start('one', { slots: 3 }),
      await first.start('two'),
      await first.start('three', { autostart: false }),
    ];
    await Promise.all([one, two, three].map((id) => first.is(id, 'online')));
    await first.order({ order: 'stop', executorId: two });
    await first.is(two, 'offline');
    await first.executors.close();
    const second = await life(models);
    expect(await second.is(one, 'online')).toMatchObject({ slots: 3 });
    expect(second.view(two).state).toBe('offline');
    expect(second.view(three).state).toBe('offline');
    expect(second.engine.specs).toHaveLength(1);
  });

  it('says that it has to be restarted for parameters of its process, and has them after that', async () => {
    const { start, is, order, view, engine } = await life([standInModel('one')]);
    const id = await start('one');
    await is(id, 'online');
    const set = await order({ order: 'configure', executorId: id, parameters: { description: 'for the lab' } });
    expect(set).toMatchObject({ outcome: 'done', done: { restartNeeded: false } });
    const slots = await order({ order: 'configure', executorId: id, parameters: { slots: 4 } });
    expect(slots).toMatchObject({ outcome: 'done', done: { restartNeeded: true } });
    expect(view(id)).toMatchObject({ restartNeeded: true, slots: 1 });
    const { run } = view(id);
    await order({ order: 'restart', executorId: id });
    await until(() => view(id).run !== run && view(id).state === 'online', undefined, { withinMs: 15_000 });
    expect(view(id)).toMatchObject({ restartNeeded: false, slots: 4, parameters: { description: 'for the lab' } });
    expect(engine.specs.at(-1)?.parameters.slots).toBe(4);
  });

  it('lets what is in flight end before it stops, for so long and no longer', async () => {
    const { start, is, order, executors } = await life([standInModel('one')]);
    const id = await start('one');
    await is(id, 'online');
    const gate = executors.byId(id)?.gate;
    const inside = await gate?.enter(new AbortController().signal);
    if (inside?.outcome !== 'in') throw new Error('Not inside');
    await order({ order: 'stop', executorId: id });
    expect((await is(id, 'stopping')).words).toBe('Requests in flight may end first');
    expect(await gate?.enter(new AbortController().signal)).toMatchObject({ outcome: 'shut' });
    inside.release();
    await is(id, 'offline');
    await order({ order: 'start-again', executorId: id });
    await is(id, 'online');
    await gate?.enter(new AbortController().signal);
    await order({ order: 'stop', executorId: id });
    // Never released: the limit ends it.
    await is(id, 'offline');
  });

  it('lets what is in flight end when the node stops, and takes nothing more', async () => {
    const { start, is, executors, order, pidOf } = await life([standInModel('one')]);
    const id = await start('one');
    await is(id, 'online');
    const pid = await until(pidOf);
    const inside = await executors.byId(id)?.gate.enter(new AbortController().signal);
    const closed = executors.close();
    expect(await order({ order: 'stop', executorId: id })).toMatchObject({ code: 'node-stopping' });
    expect(await executors.byId(id)?.gate.enter(new AbortController().signal)).toMatchObject({ outcome: 'shut' });
    expect(await alive(pid)).toBe(true);
    if (inside?.outcome === 'in') inside.release();
    await closed;
    expect(await alive(pid)).toBe(false);
    // It is still wanted: the next life starts it again.
    expect(new KeptFiles(folder, () => undefined).wanted()[0]?.enabled).toBe(true);
  });

  it('is unloaded when nobody asks for it for as long as was set, and loaded by the next who does', async () => {
    const { start, is, executors, view, clock, pidOf } = await life([standInModel('one')]);
    const id = await start('one', { idleUnloadMinutes: 5 });
    await is(id, 'online');
    const pid = await until(pidOf);
    const target = executors.byId(id);
    const inside = await target?.gate.enter(new AbortController().signal);
    clock.aheadMs = 10 * 60_000;
    executors.tick();
    expect(view(id).asleep).toBe(false);
    if (inside?.outcome === 'in') inside.release();
    executors.tick();
    expect(view(id).asleep).toBe(false);
    clock.aheadMs += 5 * 60_000;
    executors.tick();
    await until(() => view(id).asleep);
    expect(view(id)).toMatchObject({ state: 'online', enabled: true });
    await until(async () => !(await alive(pid)));
    const entering = target?.gate.enter(new AbortController().signal);
    target?.wake();
    expect(await entering).toMatchObject({ outcome: 'in' });
    expect(view(id)).toMatchObject({ state: 'online', asleep: false, restarts: 0 });
  });

  it('waits for its engine and its model, and says for which', async () => {
    const models: Model[] = [standInModel('one')];
    const { start, is, engine, executors, view } = await life(models);
    engine.now = { state: 'installing', words: 'The engine is being fetched' };
    const id = await start('one');
    expect(view(id)).toMatchObject({ state: 'starting', words: 'The engine is being fetched' });
    engine.become({ state: 'missing', words: 'There is no network' });
    expect(view(id)).toMatchObject({ state: 'failed', words: 'There is no network' });
    const [model] = models.splice(0);
    engine.become({ state: 'ready', words: 'Ready' });
    expect(view(id)).toMatchObject({ state: 'failed', words: 'The file of its model is not there' });
    if (model !== undefined) models.push(model);
    executors.unblock();
    await is(id, 'online');
  });

  it('is refused where it can not be, and what runs here anyway is not ours to stop', async () => {
    const broken: Model = { ...standInModel('broken'), problem: 'It is cut short' };
    const external: ExternalServer = {
      id: 'x',
      kind: 'ollama',
      address: { origin: 'http://127.0.0.1:9' },
      models: [{ name: 'phi', kind: 'chat', loaded: true }],
      health: {},
    };
    const { order, executors } = await life([broken], [external]);
    const [view] = executors.views();
    expect(view).toMatchObject({ model: 'phi', engine: 'external', managed: false, state: 'online' });
    expect(executors.externalModels()).toMatchObject([{ modelId: 'ollama/phi', source: 'engine' }]);
    const executorId = view?.executorId ?? '';
    expect(await order({ order: 'stop', executorId })).toMatchObject({ code: 'executor-not-ours' });
    expect(await order({ order: 'start', modelId: 'ollama/phi' })).toMatchObject({ code: 'executor-not-ours' });
    expect(await order({ order: 'cancel', executorId })).toMatchObject({ outcome: 'done', done: { cancelled: 0 } });
    expect(await order({ order: 'start', modelId: 'none.gguf' })).toMatchObject({ code: 'model-unknown' });
    expect(await order({ order: 'start', modelId: 'broken.gguf' })).toMatchObject({
      code: 'model-not-usable',
      words: 'This model can not be used: It is cut short',
    });
    expect(await order({ order: 'restart', executorId: 'none' })).toMatchObject({ code: 'executor-unknown' });
  });
});

describe('what an earlier life of the node left behind', () => {
  it('is ended at the next start, grandchildren too, and nothing else', async () => {
    const models = [standInModel('one', 'with-child stubborn')];
    const first = await life(models);
    const id = await first.start('one');
    await first.is(id, 'online');
    const pid = await until(first.pidOf);
    const childOf = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const child = Number(await until(childOf));
    // The file as a node that was killed leaves it.
    const kept = readFileSync(join(folder, 'executors', 'runs.json'), 'utf8');
    const runs = new KeptFiles(folder, () => undefined).runs();
    expect(kept).toContain(String(pid));

    const another = standInModel('other');
    const bystander = new StandInEngine().start(
      { runId: randomUUID(), model: { name: 'other', kind: 'chat', path: another.path ?? '' }, parameters: {} },
      { line: () => undefined, progress: () => undefined },
    );
    await bystander.ready;
    // A process that has the number of one that ended, and another start.
    const reused = { runId: randomUUID(), executorId: 'other', pid: bystander.pid ?? 0, mark: 'another start' };
    const ended = await endLeftRuns([...runs, reused]);
    expect(ended).toBe(2);
    expect(await alive(pid)).toBe(false);
    expect(await alive(child)).toBe(false);
    expect(await alive(bystander.pid)).toBe(true);
    await bystander.stop(0);
  });
});
