import { methodsAt } from './methods.js';

describe('the methods at a path', () => {
  it.each([
    ['/api/nodes', ['GET', 'HEAD', 'POST']],
    ['/api/nodes/', ['GET', 'HEAD', 'POST']],
    ['/api/nodes/x', ['DELETE', 'GET', 'HEAD', 'PATCH']],
    ['/api/nodes/x/activate', ['POST']],
    ['/api/session', ['DELETE', 'GET', 'HEAD', 'POST']],
    ['/api', []],
    ['/api/nodes/x/y/z', []],
    ['/other', []],
  ])('%s', (path, methods) => {
    expect(methodsAt(path)).toEqual(methods);
  });

  it('count an address that fits two routes once', () => {
    expect(methodsAt('/api/nodes/verify')).toEqual(['DELETE', 'GET', 'HEAD', 'PATCH', 'POST']);
  });
});
