import { findEngine, NoEngine } from './engine.js';

const answering = (answers: Record<string, string>) => (words: readonly string[]) =>
  Promise.resolve(answers[words.slice(0, 2).join(' ')] ?? answers[words[0] ?? '']);

describe('the engine for containers', () => {
  it('is Docker with the Compose plugin where there is one', async () => {
    const engine = await findEngine(
      answering({ 'docker version': '28.0.1', 'docker compose': 'v2.33.0', 'docker-compose': '1.29.2' }),
    );
    expect(engine.compose).toEqual(['docker', 'compose']);
    expect(engine.versions).toBe('Docker 28.0.1, Compose 2.33.0');
  });

  it('is Docker with the program docker-compose else', async () => {
    const engine = await findEngine(answering({ 'docker version': '20.10.24', 'docker-compose': '1.29.2' }));
    expect(engine.compose).toEqual(['docker-compose']);
  });

  it('is said not to be there, and what to do', async () => {
    await expect(findEngine(answering({}))).rejects.toThrow(NoEngine);
    await expect(findEngine(answering({}))).rejects.toThrow('No container engine answers');
    await expect(findEngine(answering({ 'docker version': '28.0.1' }))).rejects.toThrow('Docker Compose is not there');
  });
});
