import type { Missed } from './bus/position.js';

/**
 * Every way in which Muster understands an order and says no. Closed: each door (REST, socket, NATS) translates the code
 * once, and a new code does not compile until every door knows it. The words are for a person.
 */
export const refusals = {
  'bad-input': 'The input is not valid.',
  'not-signed-in': 'Sign in first.',
  'not-permitted': 'Your account does not have the permission for this.',
  'origin-refused': 'The request comes from a page that is not this console.',
  'too-many-tries': 'Too many tries. Wait and try again.',
  'sign-in-failed': 'The name or the password is wrong.',
  'code-wrong': 'The one-time code is wrong. It stands in the terminal where Muster was started.',
  'first-account-exists': 'The first account has been made. Sign in instead.',
  'account-unknown': 'There is no such account.',
  'account-name-taken': 'Another account has this name.',
  'account-deleted': 'This account was deleted. Its id does not come back.',
  'account-disabled': 'This account is disabled. Somebody who manages accounts can enable it again.',
  'own-account': 'Nobody can disable or delete their own account, or take the management of accounts from it.',
  'last-administrator': 'This is the last account that can manage accounts. Let another one manage them first.',
  'password-common': 'This password is among the most common ones, which are guessed first. Choose another.',
  'password-wrong': 'This is not your password.',
  'session-unknown': 'This session has ended already.',
  'key-refused': 'This API key is not valid, or not any more.',
  'key-unknown': 'There is no such API key.',
  'key-revoked': 'This API key was revoked. It does not come back.',
  'key-shown-once': 'The key was made, but a key is shown only once. Revoke it and make another.',
  'too-many-keys': 'There are too many API keys. Revoke those that nobody uses.',
  'integration-unknown': 'There is no such integration.',
  'integration-revoked': 'This integration was revoked. It does not come back.',
  'integration-suspended': 'This integration is suspended. Somebody who manages integrations can resume it.',
  'secret-shown-once': 'The secret was made, but a secret is shown only once. Replace it to get another.',
  'secret-refused': 'This secret of an integration is not valid, or not any more.',
  'too-many-integrations': 'There are too many integrations. Revoke those that nobody uses.',
  'door-closed': 'This integration is not let in at this door.',
  'stream-not-permitted': 'This integration may not read this stream.',
  'webhook-unknown': 'There is no such webhook.',
  'webhook-removed': 'This webhook was removed. It does not come back.',
  'too-many-webhooks': 'There are too many webhooks. Remove those that nobody uses.',
  'node-unknown': 'There is no such node.',
  'node-removed': 'This node was removed. Its id does not come back.',
  'node-name-taken': 'Another node has this name.',
  'node-address-taken': 'Another node has this address.',
  'node-already-registered': 'This machine is registered already.',
  'node-not-connected': 'There is no link to this node right now.',
  'node-too-old': 'The node service on this node is too old for this. Update it.',
  'node-busy': 'This node has too many orders at hand. Try again in a moment.',
  'node-failed': 'The node could not do it. Its log tells more.',
  'node-stopping': 'The node service is stopping.',
  'executor-unknown': 'There is no such executor on this node.',
  'executor-not-ours': 'This model is served by a program that Muster did not start, and does not stop or change.',
  'executor-not-wanted': 'This executor is stopped. Start it instead.',
  'model-unknown': 'There is no such model on this node.',
  'model-not-usable': 'This model can not be used.',
  'too-many-executors': 'This node has as many executors as it can have.',
  'request-unknown': 'This request is not known, or not kept any more.',
  'verification-failed': 'The node did not verify.',
  'certificate-differs': 'The node shows another certificate than the one you accepted.',
  'rotation-running':
    'The last change of the access key is still under way: some nodes have only the former key. End it first.',
  'projection-unknown': 'There is no such read model.',
  'rebuild-running': 'This read model is being rebuilt already.',
  'version-conflict': 'Somebody else changed this in the meantime. Reload and try again.',
  'position-ahead': 'This position is in the future. It is of another installation, or was never given out.',
  'position-too-old': 'Facts after this position are not kept any more.',
  'too-many-streams': 'Too many streams of facts are open. Close one, or read fewer at once.',
  'not-found': 'There is nothing at this address.',
  'too-large': 'The request is too large.',
} as const;

export type RefusalCode = keyof typeof refusals;

export interface RefusalDetail {
  /** The input field the refusal is about, when there is one. */
  field?: string;
  /** Words for this case where the code's own are too general. */
  words?: string;
  /** Every field that is wrong, when several are. */
  fields?: readonly FieldProblem[];
  /** How long to wait before the next try makes sense. */
  retryAfterMs?: number;
  /** The version that won, with `version-conflict`. */
  currentVersion?: number;
  /** What cannot be read any more, and the position of the oldest that can, with `position-too-old`. */
  missed?: readonly Missed[];
  oldest?: string;
}

export interface FieldProblem {
  field: string;
  words: string;
}

/** We understand the order and say no. Not a failure: nothing was changed, nothing is logged as an error. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    readonly detail: RefusalDetail = {},
  ) {
    super(detail.words ?? refusals[code]);
  }
}

/** Somebody we depend on is away or too slow. The order may be tried again as it is. */
export class Outage extends Error {
  override readonly name = 'Outage';

  constructor(
    readonly part: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The database was changed by a newer release than this one: to go on would write what that release did not mean. */
export class NewerDatabase extends Error {
  override readonly name = 'NewerDatabase';

  constructor(
    readonly schema: string,
    readonly migrations: readonly string[],
  ) {
    super(
      `The database is newer than this release: the tables of ${schema} were changed by ${migrations.join(', ')}, which it does not know. ` +
        'Start the release that did it, or a newer one, or restore the backup from before the upgrade. Nothing was changed.',
    );
  }
}
