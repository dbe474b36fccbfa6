import { inject } from '@angular/core';
import { RedirectCommand, Router, type CanActivateFn } from '@angular/router';
import { Session, type SessionState } from './session.js';

const entries: Partial<Record<SessionState['state'], string>> = {
  'first-account': '/first-account',
  'signed-out': '/sign-in',
  'signed-in': '/nodes',
};

/** Lets in whoever is signed in; sends others where they can become that, and remembers where they wanted to go. */
export const signedIn: CanActivateFn = async (_, { url }) => {
  const session = inject(Session);
  const router = inject(Router);
  await session.known();
  const { state } = session.state();
  if (state === 'signed-in') return true;
  const next = url === '/' || url === '/nodes' ? {} : { queryParams: { next: url } };
  return new RedirectCommand(router.createUrlTree([entries[state] ?? '/sign-in'], next));
};

/** Lets in whoever is in this state of the session; sends others where they belong. */
export const only =
  (wanted: SessionState['state']): CanActivateFn =>
  async () => {
    const session = inject(Session);
    const router = inject(Router);
    await session.known();
    const { state } = session.state();
    return state === wanted || new RedirectCommand(router.parseUrl(entries[state] ?? '/sign-in'));
  };

/** Where to go after signing in: a path of this page, never another site. */
export const nextOf = (next: string | undefined): string =>
  next !== undefined && /^\/(?!\/)/.test(next) ? next : '/nodes';
