import type { Said } from '@muster/contracts';

/** What is sent, as a program would send it. */
export interface Sent {
  readonly apiUrl: string;
  readonly model: string;
  readonly messages: readonly Said[];
  readonly temperature?: number;
  readonly maxTokens?: number;
}

/** In single quotes no shell reads anything; a single quote itself leaves them for a moment (POSIX 2.2.2). */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const bodyOf = ({ model, messages, temperature, maxTokens }: Sent) => ({
  model,
  messages,
  stream: true,
  ...(temperature !== undefined && { temperature }),
  ...(maxTokens !== undefined && { max_tokens: maxTokens }),
});

/** The same request by curl. The key comes from the environment, so that it stands in no history of a shell. */
export const asCurl = (sent: Sent): string =>
  [
    `curl -N ${sent.apiUrl}/chat/completions \\`,
    '  -H "Authorization: Bearer $MUSTER_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${shellQuoted(JSON.stringify(bodyOf(sent)))}`,
  ].join('\n');

const indented = (value: unknown, by: string): string => JSON.stringify(value, null, 2).replaceAll('\n', `\n${by}`);

/** The same request by the official client for JavaScript. */
export const asJavaScript = (sent: Sent): string => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${JSON.stringify(sent.apiUrl)}, apiKey: process.env.MUSTER_API_KEY });
const stream = await client.chat.completions.create(${indented(bodyOf(sent), '')});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
`;

/** JSON as Python writes it: the names of the constants differ, and nothing else. */
function pythonOf(value: unknown, by = ''): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null || value === undefined) return 'None';
  if (Array.isArray(value)) return `[${value.map((each) => pythonOf(each, by)).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, each]) => `${JSON.stringify(name)}: ${pythonOf(each, by)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

/** The same request by the official client for Python. */
export function asPython(sent: Sent): string {
  const parameters = Object.entries(bodyOf(sent)).map(([name, value]) => `    ${name}=${pythonOf(value)},`);
  return `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(sent.apiUrl)}, api_key=os.environ["MUSTER_API_KEY"])
stream = client.chat.completions.create(
${parameters.join('\n')}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
`;
}

export const snippets = [
  { name: 'curl', write: asCurl },
  { name: 'JavaScript', write: asJavaScript },
  { name: 'Python', write: asPython },
] as const;
