import fc from 'fast-check';
import { readResponsesCall } from './read-responses-call.js';

const read = (body: unknown) => readResponsesCall(Buffer.from(JSON.stringify(body)));
const done = (body: object) => {
  const asked = read({ model: 'tiny', input: 'hi', ...body });
  if (asked.outcome === 'bad') throw new Error(asked.error.message);
  return asked;
};
const chatOf = (body: object): unknown => JSON.parse(done(body).call.body.toString());
const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;

interface Event {
  readonly type: string;
  readonly sequence_number: number;
  readonly delta?: string;
  readonly response?: { output: { type: string; content?: { text: string }[]; arguments?: string }[]; status: string };
}
const eventsOf = (said: string): Event[] =>
  said
    .split('\n\n')
    .filter((text) => text !== '')
    .map((text) => {
      // Not by a pattern: for those U+2028 ends a line too.
      const [type = '', data = ''] = text.split('\n');
      const event = JSON.parse(data.slice('data: '.length)) as Event;
      expect(`event: ${event.type}`).toBe(type);
      return event;
    });

describe('the Responses interface', () => {
  it('is a chat with other names', () => {
    expect(
      chatOf({
        instructions: 'Be brief',
        input: [
          { role: 'developer', content: 'Be kind' },
          { type: 'message', role: 'user', content: [{ type: 'input_image', image_url: 'data:x', detail: 'low' }] },
        ],
        text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
        reasoning: { effort: 'low' },
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
        tool_choice: { type: 'function', name: 'f' },
        temperature: 0.5,
        top_k: 3,
        metadata: { a: 'b' },
        store: false,
        include: [],
      }),
    ).toEqual({
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'system', content: 'Be kind' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x', detail: 'low' } }] },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
      reasoning_effort: 'low',
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      temperature: 0.5,
      top_k: 3,
    });
  });

  it('refuses or reads whatever comes, and never throws', () => {
    const item = fc.record(
      {
        type: fc.constantFrom('message', 'function_call', 'function_call_output', 'x'),
        role: fc.string(),
        content: fc.jsonValue(),
        call_id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ model: fc.constant('m'), input: fc.array(item) })), (body) => {
        expect(['read', 'bad']).toContain(read(body).outcome);
      }),
    );
  });

  it('says every word of a stream once and in order, however it is cut, and the whole at the end', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(words, words, fc.array(fc.nat(), { maxLength: 12 }), (said, thought, places) => {
        const stream = [
          ...thought.map((reasoning_content) => chunk({ reasoning_content })),
          ...said.map((content) => chunk({ content })),
          chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a"' } }] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }, { finish_reason: 'tool_calls' }),
          'data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}}\n\n',
          'data: [DONE]\n\n',
        ].join('');
        const bytes = Buffer.from(stream);
        const cuts = [0, ...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
        const rendering = done({ stream: true }).rendering.stream();
        let told = '';
        for (let n = 1; n < cuts.length; n += 1)
          told += rendering.take(bytes.subarray(cuts[n - 1], cuts[n])).toString();
        told += rendering.end().toString();
        const events = eventsOf(told);
        const deltas = (type: string) =>
          events.flatMap((event) => (event.type === type ? (event.delta ?? '') : [])).join('');
        expect(deltas('response.output_text.delta')).toBe(said.join(''));
        expect(deltas('response.reasoning_text.delta')).toBe(thought.join(''));
        expect(deltas('response.function_call_arguments.delta')).toBe('{"a":1}');
        expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, n) => n));
        expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } });
        expect(events.at(-1)?.response?.output).toMatchObject([
          { type: 'reasoning', content: [{ text: thought.join('') }] },
          { type: 'message', content: [{ text: said.join('') }] },
          { type: 'function_call', arguments: '{"a":1}' },
        ]);
        expect([rendering.usage, rendering.whole]).toEqual([{ tokensIn: 2, tokensOut: 3 }, true]);
      }),
    );
  });

  it('is incomplete when the tokens ran out, and not whole when the stream broke off', () => {
    const cut = done({ stream: true }).rendering.stream();
    const said = cut
      .take(Buffer.from(`${chunk({ content: 'a' }, { finish_reason: 'length' })}data: [DONE]\n\n`))
      .toString();
    const last = eventsOf(said + cut.end().toString()).at(-1);
    expect(last).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    });
    const broken = done({ stream: true }).rendering.stream();
    broken.take(Buffer.from(chunk({ content: 'a' })));
    expect([broken.end().length, broken.whole]).toEqual([0, false]);
    const odd = done({ stream: true }).rendering.stream();
    odd.take(Buffer.from('data: no json\n\ndata: [DONE]\n\n'));
    expect(odd.whole).toBe(false);
  });
});
