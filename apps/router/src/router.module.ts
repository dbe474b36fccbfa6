import { type DynamicModule, Module } from '@nestjs/common';
import { RouterConfig } from './config.js';
import { PlaygroundController } from './playground/playground.controller.js';
import { ROUTER_CONFIG, Router } from './wiring.js';

/** The router beside its HTTP server: what it knows, what it has at hand, what it tells. */
@Module({})
export class RouterModule {
  static with(config: RouterConfig): DynamicModule {
    return {
      module: RouterModule,
      controllers: [PlaygroundController],
      providers: [{ provide: ROUTER_CONFIG, useValue: config }, Router],
    };
  }
}
