import type { Routes } from '@angular/router';
import { only, signedIn } from './session/guards.js';

export const routes: Routes = [
  {
    path: 'sign-in',
    title: 'Sign in',
    canActivate: [only('signed-out')],
    loadComponent: () => import('./session/sign-in.js').then(({ SignIn }) => SignIn),
  },
  {
    path: 'first-account',
    title: 'First account',
    canActivate: [only('first-account')],
    loadComponent: () => import('./session/first-account.js').then(({ FirstAccount }) => FirstAccount),
  },
  {
    path: '',
    canActivate: [signedIn],
    loadComponent: () => import('./shell/shell.js').then(({ Shell }) => Shell),
    children: [
      { path: '', pathMatch: 'full', redirectTo: 'nodes' },
      { path: 'nodes', title: 'Nodes', loadComponent: () => import('./nodes/nodes.js').then(({ Nodes }) => Nodes) },
      {
        path: 'nodes/:nodeId',
        title: 'Node',
        loadComponent: () => import('./node/node-page.js').then(({ NodePage }) => NodePage),
      },
      {
        path: 'models',
        title: 'Models',
        loadComponent: () => import('./models/models.js').then(({ Models }) => Models),
      },
      {
        path: 'playground',
        title: 'Playground',
        loadComponent: () => import('./playground/playground.js').then(({ Playground }) => Playground),
      },
      {
        path: 'requests',
        title: 'Requests',
        loadComponent: () => import('./requests/requests-page.js').then(({ RequestsPage }) => RequestsPage),
      },
      {
        path: 'requests/:requestId',
        title: 'Request',
        loadComponent: () => import('./requests/request-page.js').then(({ RequestPage }) => RequestPage),
      },
      {
        path: 'history',
        title: 'History',
        loadComponent: () => import('./history/history-page.js').then(({ HistoryPage }) => HistoryPage),
      },
      {
        path: 'configuration',
        title: 'Configuration',
        canDeactivate: [(page: { mayLeave(): Promise<boolean> }) => page.mayLeave()],
        loadComponent: () => import('./configuration/configuration.js').then(({ Configuration }) => Configuration),
      },
      {
        path: 'keys',
        title: 'API keys',
        loadComponent: () => import('./api-keys/api-keys.js').then(({ ApiKeys }) => ApiKeys),
      },
      {
        path: 'integrations',
        title: 'Integrations',
        loadComponent: () => import('./integrations/integrations.js').then(({ Integrations }) => Integrations),
      },
      {
        path: 'integrations/webhooks',
        title: 'Webhooks',
        loadComponent: () => import('./webhooks/webhooks.js').then(({ Webhooks }) => Webhooks),
      },
      {
        path: 'parked',
        title: 'Parked facts',
        loadComponent: () => import('./parked/parked.js').then(({ Parked }) => Parked),
      },
      {
        path: 'accounts',
        title: 'Accounts',
        loadComponent: () => import('./accounts/accounts.js').then(({ Accounts }) => Accounts),
      },
      {
        path: 'accounts/:accountId',
        title: 'Account',
        loadComponent: () => import('./accounts/account-page.js').then(({ AccountPage }) => AccountPage),
      },
      {
        path: 'account',
        title: 'Your account',
        loadComponent: () => import('./accounts/own-account.js').then(({ OwnAccount }) => OwnAccount),
      },
      {
        path: '**',
        title: 'Not found',
        loadComponent: () => import('./shell/unknown-page.js').then(({ UnknownPage }) => UnknownPage),
      },
    ],
  },
];
