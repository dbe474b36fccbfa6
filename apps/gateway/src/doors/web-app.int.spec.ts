import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testNats, type TestNats, testRunFolder } from '@muster/testing';
import { testGateway, type TestGateway } from '../gateway.examples.js';

let nats: TestNats;
let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  nats = await testNats();
  folder = await mkdtemp(join(testRunFolder(), 'web-root-'));
  await mkdir(join(folder, 'media'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Muster</title>');
  await writeFile(join(folder, 'chunk-B9_dIY-x.js'), 'export {};');
  await writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, '.secret'), 'x');
  await mkdir(join(folder, 'downloads'));
  await writeFile(join(folder, 'downloads/muster-node-0.1.0.tgz'), 'packed');
  gateway = await testGateway(nats.url, { WEB_ROOT: folder });
});
afterAll(async () => {
  await gateway.stop();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string) => gateway.call('GET', path);

describe('the web app', () => {
  it.each(['/', '/nodes', '/nodes/0b9d/log', '/sign-in?next=%2Fnodes'])(
    'answers %s with its page, always the newest',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.text()).toContain('<title>Muster</title>');
    },
  );

  it('lets files that never change be kept, and others be asked for', async () => {
    expect((await get('/chunk-B9_dIY-x.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/favicon.svg')).headers.get('cache-control')).toBe('no-cache');
  });

  it('serves the packed node service to machines that nobody has signed in on', async () => {
    const response = await get('/downloads/muster-node-0.1.0.tgz');
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('packed');
    expect((await get('/downloads/muster-node-0.0.1.tgz')).status).toBe(404);
  });

  it.each(['/main-OLD00000.js', '/.secret', '/..%2f..%2fpackage.json', '/api/none', '/health/none'])(
    'does not take %s for one of its pages',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    },
  );

  it('runs no script that stands in a page, and stands in no foreign page', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("connect-src 'self' ws://localhost:8000");
    expect(policy).not.toMatch(/upgrade-insecure-requests|script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });
});
