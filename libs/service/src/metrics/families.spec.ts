import fc from 'fast-check';
import { Buckets, histogramOf } from './buckets.js';
import { familyOf, labelled, mergeFamilies, NotMetrics, readFamilies, writeFamilies } from './families.js';

const up = familyOf('muster_up', 'gauge', 'Whether it is there', [{ value: 1 }, { value: 0, labels: { of: 'x' } }]);

describe('the text format', () => {
  it('has help and type before the samples of a name', () => {
    expect(writeFamilies([up])).toBe(
      '# HELP muster_up Whether it is there\n# TYPE muster_up gauge\nmuster_up 1\nmuster_up{of="x"} 0\n',
    );
  });

  it('names a family that has no samples', () => {
    const text = '# HELP muster_none Nothing\n# TYPE muster_none gauge\n';
    expect(writeFamilies([familyOf('muster_none', 'gauge', 'Nothing', [])])).toBe(text);
    expect(readFamilies(text)).toEqual([familyOf('muster_none', 'gauge', 'Nothing', [])]);
  });

  it('writes what is not a finite number in its own words', () => {
    const values = [NaN, Infinity, -Infinity].map((value) => ({ value }));
    expect(familyOf('a', 'gauge', '', values).lines).toEqual(['a NaN', 'a +Inf', 'a -Inf']);
  });

  it('takes no name that the format does not know', () => {
    expect(() => familyOf('muster-up', 'gauge', '', [])).toThrow('muster-up is no name of a metric');
  });

  it('reads back what was written, whatever stands in a label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (name, value) => {
        const family = familyOf('muster_x', 'counter', 'words', [{ value, labels: { name } }]);
        expect(readFamilies(writeFamilies([family]))).toEqual([family]);
        const more = labelled(family, { service: 'a' });
        expect(readFamilies(writeFamilies([more]))).toEqual([more]);
      }),
    );
  });

  it.each([
    ['a sample of another family', '# TYPE a gauge\nb 1\n'],
    ['a sample without a family', 'a 1\n'],
    ['a line that is no sample', '# TYPE a gauge\na one\n'],
    ['a type that there is not', '# TYPE a odd\na 1\n'],
  ])('refuses %s', (_what, text) => {
    expect(() => readFamilies(text)).toThrow(NotMetrics);
  });

  it('puts further labels before those there are', () => {
    expect(labelled(up, { service: 'router', instance: 'h:1' }).lines).toEqual([
      'muster_up{service="router",instance="h:1"} 1',
      'muster_up{service="router",instance="h:1",of="x"} 0',
    ]);
  });
});

describe('families of several sources', () => {
  it('stand together by name, with one help and one type', () => {
    const { families, leftOut } = mergeFamilies([
      [labelled(up, { service: 'a' })],
      [familyOf('other', 'gauge', '', [{ value: 2 }])],
      [labelled(up, { service: 'b' })],
    ]);
    expect(leftOut).toBe(0);
    expect(writeFamilies(families).match(/# TYPE muster_up/g)).toHaveLength(1);
    expect(families.map(({ name, lines }) => [name, lines.length])).toEqual([
      ['muster_up', 4],
      ['other', 1],
    ]);
  });

  it('are left out and counted where another source has the name with another type', () => {
    const { families, leftOut } = mergeFamilies([[up], [{ ...up, type: 'counter' }]]);
    expect(leftOut).toBe(1);
    expect(families).toEqual([up]);
  });
});

describe('a histogram', () => {
  it('counts in each bucket all that is not above its bound', () => {
    const buckets = new Buckets([0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 7]) buckets.observe(value);
    const family = histogramOf('muster_seconds', 'How long', [{ buckets, labels: { model: 'm' } }]);
    expect(family.lines).toEqual([
      'muster_seconds_bucket{model="m",le="0.1"} 2',
      'muster_seconds_bucket{model="m",le="1"} 3',
      'muster_seconds_bucket{model="m",le="+Inf"} 4',
      'muster_seconds_sum{model="m"} 7.65',
      'muster_seconds_count{model="m"} 4',
    ]);
    expect(readFamilies(writeFamilies([family]))).toEqual([family]);
  });
});
