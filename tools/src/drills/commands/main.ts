import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../../terminal.js';
import { Console } from '../console.js';
import { DrilledMuster, type PartName } from '../muster.js';
import { check } from './checker.js';
import { Writer } from './writer.js';

// The life of `npm run drills:commands [rounds]`: several writers give orders without a pause, registry, Postgres or both are
// killed outright at a moment by chance, ten times; then what was acknowledged is held against what is stored.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../../..');
const ROUNDS = Number(process.argv[2] ?? 10);
const WRITERS = 4;
/** Orders are carried out again so soon after a kill, on a machine that does other things too. */
const SERVES_WITHIN_MS = 30_000;
const REPEATED = 25;
const victims: readonly (readonly PartName[])[] = [['registry'], ['Postgres'], ['registry', 'Postgres']];

const folder = await mkdtemp(join(tmpdir(), 'muster-drills-'));
const muster = new DrilledMuster(root, join(folder, 'data'));
const cleanUp = async () => {
  await muster.end('SIGINT');
  await rm(folder, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await cleanUp();
}

async function run(): Promise<boolean> {
  await muster.start();
  const door = new Console(() => muster.address);
  await door.must('POST', '/api/first-account', {
    code: muster.code,
    name: 'drill',
    password: 'a password for drills',
  });
  const writers = await Promise.all(Array.from({ length: WRITERS }, (_, n) => Writer.begin(door, `writer ${n + 1}`)));
  const acknowledged = () => writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);

  say('| round | kill -9 of | orders before | orders again after, s |\n| ---: | --- | ---: | ---: |');
  let inTime = true;
  for (let round = 1; round <= ROUNDS; round += 1) {
    await sleep(1_000 + Math.random() * 2_000);
    const parts = victims[(round - 1) % victims.length] ?? ['registry'];
    const before = acknowledged();
    await Promise.all(parts.map((part) => muster.signal(part, 'SIGKILL')));
    const killedMs = performance.now();
    // More than were on their way: these were given after the kill.
    while (acknowledged() < before + 3 * WRITERS && performance.now() - killedMs < SERVES_WITHIN_MS) await sleep(20);
    const tookMs = performance.now() - killedMs;
    inTime &&= tookMs < SERVES_WITHIN_MS;
    say(`| ${round} | ${parts.join(' and ')} | ${before} | ${(tookMs / 1000).toFixed(1)} |`);
  }
  await Promise.all(writers.map((writer) => writer.stop()));
  const repeated = await Promise.all(writers.map((writer) => writer.repeat(REPEATED)));
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    if ((await muster.unnumbered()) === 0) break;
    await sleep(200);
  }
  const found = check(
    writers.flatMap((writer) => writer.acknowledged),
    await muster.allEvents(),
  );
  const refused = writers.flatMap((writer) => writer.refused);
  const changed = repeated.reduce((sum, count) => sum + count, 0);
  say(
    `\n${acknowledged()} orders acknowledged over ${ROUNDS} kills: ${found.lost} lost, ${found.doubled} carried out twice, ` +
      `${found.misquoted} answered with a wrong version, ${found.backwards} answered backwards, ${found.holes} holes in a stream, ` +
      `${found.misplaced} misplaced, ${refused.length} refused; of ${WRITERS * REPEATED} given once more ${changed} were answered differently`,
  );
  for (const words of refused.slice(0, 3)) say(`refused: ${words}`);
  return inTime && refused.length === 0 && changed === 0 && Object.values(found).every((count) => count === 0);
}
