import { PassThrough } from 'node:stream';
import { parseMetrics } from './metrics-text.js';
import { loadedSoFar, llamaServerArguments, parseLlamaServerLine } from './llama-server/arguments.js';
import { readLines } from './lines.js';
import { Rate } from './rate.js';

describe('Lines of a program', () => {
  it('are whole however they come, also those that never end', () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const unfinished: string[] = [];
    readLines(
      stream,
      (line) => lines.push(line),
      (rest) => unfinished.push(rest),
    );
    const umlaut = Buffer.from('ü');
    for (const part of ['one\r\ntw', 'o\n\nthr', umlaut.subarray(0, 1), umlaut.subarray(1), '\n', 'x'.repeat(40_000)])
      stream.emit('data', Buffer.from(part));
    stream.emit('end');
    expect(lines.slice(0, 4)).toEqual(['one', 'two', '', 'thrü']);
    expect(lines.slice(4).map((line) => line.length)).toEqual([16_384, 16_384, 7_232]);
    expect(unfinished[0]).toBe('tw');
  });
});

describe('llama-server', () => {
  it('is told only what somebody has set', () => {
    const model = { name: 'm', kind: 'chat' as const, path: '/m.gguf' };
    expect(llamaServerArguments({ runId: 'r', model, parameters: {} }, '/s.sock').join(' ')).toBe(
      '--model /m.gguf --alias m --host /s.sock --parallel 1 --metrics --jinja',
    );
    const parameters = {
      contextTokens: 100,
      slots: 3,
      gpuLayers: 7,
      threads: 2,
      batchTokens: 64,
      gpuBackend: 'cpu' as const,
    };
    const set = llamaServerArguments({ runId: 'r', model: { ...model, kind: 'embedding' }, parameters }, '/s.sock');
    expect(set.join(' ')).toContain(
      '--ctx-size 300 --parallel 3 --gpu-layers 0 --threads 2 --batch-size 64 --metrics --embeddings',
    );
  });

  it('says how grave a line is by its first letter', () => {
    expect(parseLlamaServerLine('0.00.012.345 E srv: failed')).toEqual({ level: 'error', text: 'srv: failed' });
    expect(parseLlamaServerLine('W main: careful')).toEqual({ level: 'warning', text: 'main: careful' });
    expect(parseLlamaServerLine('I main: on')).toEqual({ level: 'debug', text: 'main: on' });
    expect(parseLlamaServerLine('Indeed')).toEqual({ level: 'debug', text: 'Indeed' });
  });

  it('draws a dot for each hundredth that it has loaded', () => {
    expect([loadedSoFar('.'), loadedSoFar('.'.repeat(50)), loadedSoFar('. '), loadedSoFar('')]).toEqual([
      0.01,
      0.5,
      undefined,
      undefined,
    ]);
  });
});

describe('Figures in Prometheus’s format', () => {
  it('are summed over their labels, and the rest passed over', () => {
    const text = `# HELP vllm:num_requests_running x\nvllm:num_requests_running{model_name="a b"} 1.0\nvllm:num_requests_running{model_name="c"} 2 1700000000\nplain 5\nnan_one NaN\nnonsense\n`;
    expect([...parseMetrics(text)]).toEqual([
      ['vllm:num_requests_running', 3],
      ['plain', 5],
    ]);
  });
});

describe('A rate', () => {
  it('is over the last five seconds, unknown at first, and begins anew with its total', () => {
    const rate = new Rate();
    expect(rate.next(100, 0)).toBeUndefined();
    expect(rate.next(110, 1_000)).toBe(10);
    for (let second = 2; second <= 10; second += 1) rate.next(100 + 10 * second, second * 1_000);
    expect(rate.next(300, 11_000)).toBeGreaterThan(10);
    expect(rate.next(0, 12_000)).toBeUndefined();
    expect(rate.next(7, 13_000)).toBe(7);
  });
});
