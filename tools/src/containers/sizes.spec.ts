import { sizesTable } from './sizes.js';

it('tells the sizes of images and of their base in MB, by name', () => {
  expect(
    sizesTable([
      { name: 'muster/stats', bytes: 391_400_000, baseBytes: 351_000_000 },
      { name: 'muster/gateway', bytes: 380_000_000, baseBytes: 351_000_000 },
    ]),
  ).toBe(
    '| image | MB | of which its base |\n| --- | ---: | ---: |\n| muster/gateway | 380 | 351 |\n| muster/stats | 391 | 351 |',
  );
});
