import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app.js';
import { appConfig } from './app/app.config.js';

// Nothing is drawn yet: the console is the only place left to say why.
// eslint-disable-next-line no-console
bootstrapApplication(App, appConfig).catch((error: unknown) => console.error(error));
