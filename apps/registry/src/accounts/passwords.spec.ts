import { Refusal } from '@muster/contracts';
import { Passwords } from './passwords.js';

describe('passwords', () => {
  let passwords: Passwords;
  beforeAll(async () => {
    passwords = await Passwords.open();
  });

  it('are kept as argon2id with 19 MiB, two passes and a salt of their own', async () => {
    const [one, other] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
  });

  it('fit their own hash and no other', async () => {
    const hash = await passwords.hash('correct horse');
    await expect(passwords.fits('correct horse', hash)).resolves.toBe(true);
    await expect(passwords.fits('correct horsf', hash)).resolves.toBe(false);
  });

  it('are the same however an accent was typed', async () => {
    const hash = await passwords.hash('caf\u00e9-au-lait');
    await expect(passwords.fits('cafe\u0301-au-lait', hash)).resolves.toBe(true);
  });

  it('never fit where there is no account', () => expect(passwords.fits('', undefined)).resolves.toBe(false));

  it('are turned away with a time to wait when too many come at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 60 }, async () => passwords.fits('guess', undefined)));
    const turnedAway = tries.filter(
      (one) => one.status === 'rejected' && one.reason instanceof Refusal && one.reason.code === 'too-many-tries',
    );
    expect(turnedAway).toHaveLength(60 - 34);
  });
});
