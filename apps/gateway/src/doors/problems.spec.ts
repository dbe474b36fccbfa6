import { Outage, Problem, Refusal, refusals } from '@muster/contracts';
import { doorCodes, problem, type ProblemCode, problemOf, retryAfterOf, statusOfCode } from './problems.js';

const codes = [...Object.keys(refusals), ...Object.keys(doorCodes)] as ProblemCode[];

describe('error answers', () => {
  it.each(codes)('%s has a status of its class and the shape of the contract', (code) => {
    expect(statusOfCode[code]).toBeGreaterThanOrEqual(400);
    expect(Problem.parse(problem(code))).toMatchObject({ code, status: statusOfCode[code] });
  });

  it('name the field a refusal is about', () => {
    expect(problemOf(new Refusal('node-name-taken', { field: 'name' }), 'r-1')).toEqual({
      type: 'urn:muster:problem:node-name-taken',
      title: 'Another node has this name.',
      status: 409,
      code: 'node-name-taken',
      fields: [{ field: 'name', words: 'Another node has this name.' }],
      requestId: 'r-1',
    });
  });

  it('tell the version that won and how long to wait', () => {
    expect(problemOf(new Refusal('version-conflict', { currentVersion: 7 }))).toMatchObject({ currentVersion: 7 });
    const throttled = problemOf(new Refusal('too-many-tries', { retryAfterMs: 1_200 }));
    expect(throttled.status).toBe(429);
    expect(retryAfterOf(throttled)).toBe('2');
  });

  it('do not show what an outage or a mistake of ours says inside', () => {
    const outage = problemOf(new Outage('registry', 'no responders on muster.ask.registry.sign-in'));
    expect(outage).toMatchObject({ status: 503, code: 'outage' });
    expect(retryAfterOf(outage)).toBe('2');
    const bug = problemOf(new TypeError('cannot read properties of undefined'), 'r-2');
    expect(bug).toMatchObject({ status: 500, code: 'bug', requestId: 'r-2' });
    expect(JSON.stringify([outage, bug])).not.toMatch(/responders|properties|stack/);
  });

  it('leave Retry-After out where waiting changes nothing', () => {
    expect(retryAfterOf(problemOf(new Refusal('node-unknown')))).toBeUndefined();
  });
});
