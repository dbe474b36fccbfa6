import type { IncomingHttpHeaders } from 'node:http';
import { checkOrigin, originMaySocket } from './origins.js';

const ours = 'http://localhost:8000';
const allowed = new Set([ours]);
const call = (method: string, headers: IncomingHttpHeaders) => () => checkOrigin(method, headers, allowed);
const signed = { 'muster-command-id': '00000000-0000-4000-8000-000000000001' };

describe('the origin of a REST call', () => {
  it.each([
    ['a change by the console', 'POST', { ...signed, origin: ours, 'sec-fetch-site': 'same-origin' }],
    ['a change by a program that is no browser', 'DELETE', signed],
    ['a read by the console', 'GET', { 'sec-fetch-site': 'same-origin' }],
    ['a read from the address bar', 'GET', { 'sec-fetch-site': 'none' }],
    ['a read by a program that is no browser', 'GET', {}],
  ])('lets through %s', (_what, method, headers: IncomingHttpHeaders) => {
    expect(call(method, headers)).not.toThrow();
  });

  it.each([
    ['a change by a foreign page', 'POST', { ...signed, origin: 'https://evil.example' }],
    ['a change by a page without an origin', 'POST', { ...signed, origin: 'null' }],
    ['a change by another port of the same machine', 'POST', { ...signed, origin: 'http://localhost:9000' }],
    ['a change by a foreign page that hides its origin', 'POST', { ...signed, 'sec-fetch-site': 'cross-site' }],
    ['a change from the address bar', 'POST', { ...signed, 'sec-fetch-site': 'none' }],
    ['a form that our own page did not send by its code', 'POST', { origin: ours, 'sec-fetch-site': 'same-origin' }],
    ['a change by a program without the header', 'PUT', {}],
    ['a read by a foreign page', 'GET', { 'sec-fetch-site': 'cross-site' }],
    ['a read by a neighbour on the same site', 'GET', { 'sec-fetch-site': 'same-site' }],
    ['a read with a foreign origin', 'GET', { origin: 'https://evil.example' }],
  ])('refuses %s', (_what, method, headers: IncomingHttpHeaders) => {
    expect(call(method, headers)).toThrow(expect.objectContaining({ code: 'origin-refused' }));
  });
});

describe('the origin of a socket', () => {
  it('must be ours when there is one', () => {
    expect(originMaySocket(ours, allowed)).toBe(true);
    expect(originMaySocket(undefined, allowed)).toBe(true);
    expect(originMaySocket('https://evil.example', allowed)).toBe(false);
    expect(originMaySocket('null', allowed)).toBe(false);
  });
});
