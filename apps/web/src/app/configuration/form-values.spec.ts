import { shippedSettings } from '@muster/contracts';
import { changesIn, type FormValues, formOf, problemsIn, readSeconds, settingsOf } from './form-values.js';

const shipped = formOf(shippedSettings);
const withText = (over: Partial<FormValues>): FormValues => ({ ...shipped, ...over });

describe('the settings as fields', () => {
  it('come back as they were', () => {
    const { inferenceOpen, ...edited } = shippedSettings;
    expect(inferenceOpen).toBe(false);
    expect(settingsOf(shipped)).toEqual(edited);
    expect(problemsIn(shipped)).toEqual({});
    expect(changesIn(shipped, shippedSettings)).toEqual({});
  });

  it('say only what they change', () => {
    const changed = withText({ delayedSeconds: '2,5', origins: ' https://A.example/ \n\n' });
    expect(changesIn(changed, shippedSettings)).toEqual({
      delayedThresholdMs: 2_500,
      allowedOrigins: ['https://a.example'],
    });
  });

  it.each<[keyof FormValues, string, RegExp]>([
    ['delayedSeconds', '0', /between 0\.1 s and 1 h/],
    ['delayedSeconds', 'soon', /must be a number/],
    ['portFrom', '70000', /between 1 and 65535/],
    ['portFrom', '1e3', /must be a number/],
    ['requestsDays', '0', /between 1 and 365/],
    ['rollUpsDays', '401', /between 1 and 400/],
    ['logLinesDays', '', /must be a number/],
    ['origins', 'https://a.example\nconsole.lab', /^console\.lab: Enter scheme and host/],
    ['origins', 'https://a.example\nhttps://a.example:443', /twice/],
  ])('know what is wrong with %s as %j', (field, text, words) => {
    expect(problemsIn(withText({ [field]: text }))[field]).toMatch(words);
  });

  it('name the last port when it lies before the first', () => {
    expect(problemsIn(withText({ portFrom: '9000', portTo: '8000' }))).toEqual({
      portTo: 'The last port must not lie before the first',
    });
  });

  it.each([
    ['30', 30_000],
    ['0.125', 125],
    ['1,5', 1_500],
    ['-1', NaN],
    ['1e3', NaN],
    ['', NaN],
  ])('read %j as %d milliseconds', (text, ms) => {
    expect(readSeconds(text)).toBe(ms);
  });
});
