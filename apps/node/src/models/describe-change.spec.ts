import type { Model } from '@muster/contracts';
import { BEING_WRITTEN, describeChange } from './describe-change.js';

const llama: Model = {
  modelId: 'llama.gguf',
  name: 'llama',
  source: 'file',
  kind: 'chat',
  family: 'llama',
  parameters: 8_030_261_248,
  quantisation: 'Q4_K_M',
  sizeBytes: 100,
};
const words = (before: Model[], after: Model[]) => describeChange(before, after).map((line) => line.words);

describe('what the log says of models', () => {
  it('is what came and what went', () => {
    expect(words([], [llama])).toEqual(['llama.gguf is there: chat, llama, 8.0 B parameters, Q4_K_M']);
    expect(words([llama], [])).toEqual(['llama.gguf is gone']);
    expect(words([llama], [llama])).toEqual([]);
    expect(words([llama], [{ ...llama, sizeBytes: 200 }])).toEqual([
      expect.stringMatching(/^llama.gguf is another now/),
    ]);
  });

  it('is a problem once, and its end', () => {
    const broken = { ...llama, problem: 'It is not a GGUF file.' };
    expect(describeChange([], [broken])).toEqual([
      { level: 'warning', words: 'llama.gguf can not be used: It is not a GGUF file.' },
    ]);
    expect(words([broken], [broken])).toEqual([]);
    expect(words([broken], [llama])).toEqual([expect.stringMatching(/^llama.gguf is there/)]);
  });

  it('is nothing while a file is being written', () => {
    expect(words([], [{ ...llama, problem: BEING_WRITTEN }])).toEqual([]);
  });

  it('is one line when much changes at once', () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ ...llama, modelId: `${n}.gguf` }));
    expect(words([], many)).toEqual(['30 changes of models, 0 with a problem; 30 models now']);
  });
});
