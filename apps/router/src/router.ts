import type { RequestListener, Server } from 'node:http';
import type { ServiceOptions } from '@muster/service';
import { RouterConfig } from './config.js';
import type { Door } from './openai/door.js';
import { openAiServer } from './openai/listener.js';
import { Router } from './wiring.js';
import { RouterModule } from './router.module.js';

/** The router as a service: what it reads, what it is made of, and the server that applications call, outside Nest's pipeline. */
export function routerService(): ServiceOptions<typeof RouterConfig> {
  let door: Door | undefined;
  let health: RequestListener = () => undefined;
  return {
    name: 'router',
    config: RouterConfig,
    module: (config) => RouterModule.with(config),
    server: (rest) => {
      health = rest;
      return openAiServer((request, response) => door?.take(request, response));
    },
    prepare: (app) => {
      door = app.get(Router).door(app.getHttpServer() as Server, health);
    },
  };
}
