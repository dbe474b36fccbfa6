import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@muster/contracts';
import { ggufBytes, tinyModel, until, writeTinyModel } from '@muster/testing';
import { lookForModels, MAX_DEPTH } from './model-files.js';
import { ModelShelf } from './model-shelf.js';

/** The user that owns nothing. */
const NOBODY = 65_534;

let folder: string;
let shelf: ModelShelf;
let notices: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-models-'));
  notices = [];
  shelf = new ModelShelf({ folders: [folder], notice: (_level, words) => notices.push(words) });
});
afterEach(async () => {
  await shelf.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** These files have been there for long, so that nobody is writing them. */
const long = (...paths: string[]) => {
  const then = new Date(Date.now() - 3_600_000);
  for (const path of paths) utimesSync(path, then, then);
};
const at = (...path: string[]) => join(folder, ...path);
const model = (modelId: string): Model | undefined => shelf.models.find((one) => one.modelId === modelId);
const problemOf = (modelId: string): string | undefined => model(modelId)?.problem;
const usable = (modelId: string) =>
  until(
    () => model(modelId),
    (one) => one !== undefined && one.problem === undefined,
    { withinMs: 15_000 },
  );
const problem = (modelId: string, words: string) =>
  until(
    () => problemOf(modelId),
    (told) => told?.includes(words) ?? false,
    { withinMs: 15_000 },
  );

describe('the models of a node', () => {
  it('are there when it starts, with what their headers say', async () => {
    mkdirSync(at('deep', 'er'), { recursive: true });
    writeTinyModel(at('chat.gguf'));
    writeTinyModel(at('deep', 'er', 'Embed.GGUF'), { kind: 'embedding' });
    writeFileSync(at('notes.txt'), 'no model');
    long(at('chat.gguf'), at('deep', 'er', 'Embed.GGUF'));
    await shelf.start();
    expect(await usable('chat.gguf')).toMatchObject({
      name: 'chat',
      title: 'Tiny',
      source: 'file',
      kind: 'chat',
      family: 'llama',
      parameters: 115_520,
      quantisation: 'F32',
      contextLength: 2048,
      sizeBytes: tinyModel().length,
      path: at('chat.gguf'),
      memory: { layers: 2, width: 64, heads: 4, cacheBytesPerToken: 512, vocabulary: 260 },
    });
    expect(await usable('deep/er/Embed.GGUF')).toMatchObject({ name: 'Embed', kind: 'embedding', family: 'bert' });
    expect(shelf.models).toHaveLength(2);
  });

  it('appear within 5 s, in new folders too, and vanish', async () => {
    await shelf.start();
    const changes: number[] = [];
    shelf.onChange((models) => changes.push(models.length));
    const startMs = performance.now();
    mkdirSync(at('new'));
    writeTinyModel(at('new', 'chat.gguf'));
    await usable('new/chat.gguf');
    // Told to the user as 5 s; a machine under test may be busy with other things.
    expect(performance.now() - startMs).toBeLessThan(10_000);
    renameSync(at('new', 'chat.gguf'), at('moved.gguf'));
    await usable('moved.gguf');
    expect(model('new/chat.gguf')).toBeUndefined();
    rmSync(at('moved.gguf'));
    await until(() => shelf.models.length === 0, Boolean, { withinMs: 15_000 });
    expect(changes.at(-1)).toBe(0);
  });

  it('are listed while they are copied, and usable when all is there', async () => {
    const bytes = tinyModel();
    await shelf.start();
    writeFileSync(at('chat.gguf'), bytes.subarray(0, 300_000));
    await problem('chat.gguf', 'It is half copied: 300000 of 470080 bytes');
    appendFileSync(at('chat.gguf'), bytes.subarray(300_000));
    expect((await usable('chat.gguf'))?.sizeBytes).toBe(bytes.length);
    truncateSync(at('chat.gguf'), 100);
    await problem('chat.gguf', 'cut off or broken');
  });

  it('are being written as long as something writes', async () => {
    await shelf.start();
    writeTinyModel(at('chat.gguf'));
    await problem('chat.gguf', 'It is being written.');
    await usable('chat.gguf');
  });

  it('are listed with the reason when they are broken', async () => {
    writeFileSync(at('page.gguf'), '<html>404</html>');
    writeFileSync(at('empty.gguf'), '');
    writeFileSync(at('image.gguf'), ggufBytes({ 'general.architecture': 'clip' }, []));
    long(at('page.gguf'), at('empty.gguf'), at('image.gguf'));
    symlinkSync(at('nowhere'), at('link.gguf'));
    symlinkSync(at('self.gguf'), at('self.gguf'));
    await shelf.start();
    await problem('page.gguf', 'It is not a GGUF file.');
    await problem('empty.gguf', 'cut off or broken');
    await problem('image.gguf', 'not served alone');
    expect(problemOf('link.gguf')).toBe('The link leads nowhere.');
    expect(problemOf('self.gguf')).toBe('The link leads to itself.');
  });

  it('are one when they are split, with what is missing', async () => {
    const part = (number: number, values: Record<string, string | number>) =>
      ggufBytes({ ...values, 'split.no': number - 1, 'split.count': 2 }, [
        { name: `blk.${number}.x`, dimensions: [8], weights: new Float32Array(8) },
      ]);
    const first = part(1, { 'general.architecture': 'llama', 'llama.block_count': 2, 'llama.embedding_length': 8 });
    writeFileSync(at('big-00001-of-00002.gguf'), first);
    await shelf.start();
    await problem('big-00001-of-00002.gguf', '1 of 2 parts are there; missing: 2.');
    const second = part(2, {});
    writeFileSync(at('big-00002-of-00002.gguf'), second);
    expect(await usable('big-00001-of-00002.gguf')).toMatchObject({
      name: 'big',
      parts: 2,
      parameters: 16,
      sizeBytes: first.length + second.length,
      memory: { layersBytes: 64 },
    });
    expect(shelf.models).toHaveLength(1);
  });

  it('may be links, and folders that lead in circles end', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'muster-elsewhere-'));
    try {
      writeTinyModel(join(elsewhere, 'far.gguf'));
      long(join(elsewhere, 'far.gguf'));
      symlinkSync(elsewhere, at('linked'));
      symlinkSync(folder, join(elsewhere, 'back'));
      symlinkSync(join(elsewhere, 'far.gguf'), at('near.gguf'));
      await shelf.start();
      await usable('linked/far.gguf');
      await usable('near.gguf');
      expect(shelf.models).toHaveLength(2);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('are files: a pipe or a folder of such a name is none', async () => {
    execFileSync('mkfifo', [at('pipe.gguf')]);
    mkdirSync(at('folder.gguf'));
    await shelf.start();
    expect(shelf.models).toEqual([]);
  });

  it('in hidden folders are other programs’', async () => {
    mkdirSync(at('.cache'));
    writeTinyModel(at('.cache', 'part.gguf'));
    writeTinyModel(at('.hidden.gguf'));
    await shelf.start();
    expect(shelf.models).toEqual([]);
  });

  it('are found when their folder comes later, which is told once', async () => {
    await shelf.stop();
    shelf = new ModelShelf({ folders: [at('later')], notice: (_level, words) => notices.push(words) });
    await shelf.start();
    expect(notices).toEqual([`The model folder ${at('later')} can not be read (ENOENT)`]);
    mkdirSync(at('later'));
    writeTinyModel(at('later', 'chat.gguf'));
    await usable('chat.gguf');
    expect(notices).toHaveLength(1);
  });

  it('are told anew when a file is replaced by another', async () => {
    writeTinyModel(at('chat.gguf'), { name: 'One' });
    long(at('chat.gguf'));
    await shelf.start();
    expect((await usable('chat.gguf'))?.title).toBe('One');
    writeTinyModel(at('other'), { name: 'Two' });
    renameSync(at('other'), at('chat.gguf'));
    await until(() => model('chat.gguf')?.title === 'Two', Boolean, { withinMs: 15_000 });
  });
});

describe('a look for models', () => {
  it('goes so deep and no deeper, and says where it stopped', async () => {
    const levels = Array.from({ length: MAX_DEPTH + 1 }, (_, n) => `level${n}`);
    mkdirSync(at(...levels), { recursive: true });
    writeTinyModel(at(...levels.slice(0, MAX_DEPTH), 'in.gguf'));
    writeTinyModel(at(...levels, 'out.gguf'));
    const look = await lookForModels([folder]);
    expect(look.files.map(({ path }) => path)).toEqual([at(...levels.slice(0, MAX_DEPTH), 'in.gguf')]);
    expect(look.notices).toEqual([`${at(...levels)} is not looked at: folders are entered ${MAX_DEPTH} deep`]);
  });

  it('tells of folders that may not be entered and goes on', async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0);
    writeTinyModel(at('open.gguf'));
    chmodSync(folder, 0o755);
    // The system lets root in everywhere: another user looks.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      const { files, notices: told } = await lookForModels([folder]);
      expect(files.map(({ below }) => below)).toEqual(['open.gguf']);
      expect(told).toEqual([`${at('closed')} is not looked at (EACCES)`]);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(at('closed'), 0o755);
    }
  });
});
