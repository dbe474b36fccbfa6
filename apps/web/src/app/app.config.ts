import { type ApplicationConfig, provideBrowserGlobalErrorListeners } from '@angular/core';
import { APP_BASE_HREF } from '@angular/common';
import { provideRouter, TitleStrategy, withComponentInputBinding, withInMemoryScrolling } from '@angular/router';
import { routes } from './app.routes.js';
import { PageTitle } from './page-title.js';

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideRouter(routes, withComponentInputBinding(), withInMemoryScrolling({ scrollPositionRestoration: 'enabled' })),
    // The page has no base element, so that no injected one can lead its files elsewhere (CSP base-uri 'none').
    { provide: APP_BASE_HREF, useValue: '/' },
    { provide: TitleStrategy, useExisting: PageTitle },
  ],
};
