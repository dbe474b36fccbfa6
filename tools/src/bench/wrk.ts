import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../programs/run.js';
import { debianProgram } from './peers.js';

export interface Wrk {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface WrkTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A chat of 900 bytes. */
export const chatBody = JSON.stringify({
  model: 'bench',
  messages: [
    { role: 'system', content: 'You are a helpful assistant that answers in one short paragraph.' },
    { role: 'user', content: 'lorem ipsum dolor sit amet '.repeat(27).trim() },
  ],
  max_tokens: 128,
});

/** Posts the same chat over so many connections for so long. */
export async function wrk(
  folder: string,
  { url, headers }: WrkTarget,
  connections: number,
  seconds: number,
): Promise<Wrk> {
  const script = join(folder, `wrk-${new URL(url).port}.lua`);
  const lua = (text: string) => `[==[${text}]==]`;
  await writeFile(
    script,
    `wrk.method = "POST"
wrk.body = ${lua(chatBody)}
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers["${name}"] = ${lua(value)}`)
  .join('\n')}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`,
  );
  const said = await run(await debianProgram('wrk'), [
    ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script],
    `${url}/v1/chat/completions`,
  ]);
  const told = JSON.parse(/RESULT (\{.*\})/.exec(said)?.[1] ?? 'null') as Record<string, number>;
  return {
    requests: told['requests'] ?? 0,
    seconds: (told['us'] ?? 0) / 1e6,
    errors: told['errors'] ?? 0,
    p50Ms: (told['p50'] ?? 0) / 1000,
    p99Ms: (told['p99'] ?? 0) / 1000,
  };
}
