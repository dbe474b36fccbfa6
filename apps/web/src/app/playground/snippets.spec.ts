import { asCurl, asJavaScript, asPython } from './snippets.js';

const sent = {
  apiUrl: 'http://localhost:8090/v1',
  model: 'tiny',
  messages: [{ role: 'user' as const, content: 'It\'s $HOME \n"quoted"' }],
  maxTokens: 16,
};

describe('what was sent, as a program would send it', () => {
  it('is quoted for the shell, and leaves the key out', () => {
    const curl = asCurl(sent);
    expect(curl).toContain('$MUSTER_API_KEY');
    const quoted = curl.slice(curl.indexOf("-d '") + 4, curl.lastIndexOf("'"));
    expect(JSON.parse(quoted.replaceAll("'\\''", "'"))).toEqual({
      model: 'tiny',
      messages: sent.messages,
      stream: true,
      max_tokens: 16,
    });
  });

  it('is the same request in the official clients', () => {
    expect(asJavaScript(sent)).toContain('"model": "tiny"');
    expect(asJavaScript(sent)).toContain('baseURL: "http://localhost:8090/v1"');
    const python = asPython(sent);
    expect(python).toContain('stream=True,');
    expect(python).toContain('max_tokens=16,');
    expect(python).toContain(`messages=[{"role": "user", "content": ${JSON.stringify(sent.messages[0]?.content)}}],`);
  });
});
