import { randomBytes } from 'node:crypto';
import { Refusal } from '@muster/contracts';
import { hash, verify } from '@node-rs/argon2';
import { isCommonPassword } from './common-passwords.js';
import { Gate } from './gate.js';

/** OWASP Password Storage Cheat Sheet: argon2id (the package's own choice) with 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** At most this much guessing is worked on at once: two cores' worth and 38 MiB. More waits, and beyond that is sent away. */
const AT_ONCE = 2;
const WAITING = 32;

/** Hashes and compares passwords, at a cost that a flood of tries cannot drive up. */
export class Passwords {
  readonly #gate = new Gate(AT_ONCE, WAITING);

  private constructor(private readonly nobodys: string) {}

  static async open(): Promise<Passwords> {
    return new Passwords(await hash(randomBytes(32), COST));
  }

  /**
   * A PHC string with its own salt, of a password that somebody chose. Refuses with `password-common` for one of those that
   * are guessed first, and with `too-many-tries` when too many wait already.
   */
  async hash(password: string): Promise<string> {
    if (isCommonPassword(password)) throw new Refusal('password-common', { field: 'password' });
    return this.#inTurn(() => hash(asTyped(password), COST));
  }

  /**
   * Whether the password fits the hash. Without a hash, as when no account has the name, it does the same work and says
   * no. Refuses with `too-many-tries` when too many wait already.
   */
  async fits(password: string, stored: string | undefined): Promise<boolean> {
    const fits = await this.#inTurn(() => verify(stored ?? this.nobodys, asTyped(password)));
    return fits && stored !== undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#gate.run(work);
    if (turn === undefined) throw new Refusal('too-many-tries', { retryAfterMs: 1_000 });
    return turn;
  }
}

/** One keyboard composes an accented letter and another does not: the same password (NIST SP 800-63B 3.1.1.2). */
const asTyped = (password: string): string => password.normalize('NFKC');
