import { isFirstCode } from './first-code.js';

it.each([
  ['K7QF-2M9D', true],
  ['k7qf2m9d', true],
  [' k7qf 2m9d ', true],
  ['K7QF-2M9', false],
  ['K7QF-2M9DD', false],
  ['', false],
])('takes %j for the one-time code: %s', (given, is) => {
  expect(isFirstCode(given, 'K7QF-2M9D')).toBe(is);
});
