import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface PromtoolAnswer {
  /** 0: it has nothing to say; 3: names or help that break the conventions (`check metrics`). */
  readonly code: number | null;
  readonly said: string;
}

/** Runs Prometheus' own tool with this on its standard input. The program is `PROMTOOL_BIN`, or from the path. */
export async function promtool(args: readonly string[], input = ''): Promise<PromtoolAnswer> {
  const program = process.env['PROMTOOL_BIN'] ?? 'promtool';
  const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(input);
  const [code] = (await once(child, 'close').catch((cause: unknown) => {
    throw new Error(`${program} could not be started: install prometheus or set PROMTOOL_BIN`, { cause });
  })) as [number | null];
  return { code, said };
}
