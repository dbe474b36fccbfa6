import { Controller } from '@nestjs/common';
import { routes } from '@muster/contracts';
import { GatewayConfig } from '../config.js';
import { Serves } from '../doors/serves.js';
import { openApiOf } from './open-api.js';

@Controller()
export class OpenApiController {
  readonly #document: Record<string, unknown>;

  constructor(config: GatewayConfig) {
    const { version, publicUrl, cookie } = config;
    this.#document = openApiOf({ version, server: publicUrl.origin, cookie: cookie.name });
  }

  @Serves(routes.readOpenApi)
  read(): Promise<Record<string, unknown>> {
    return Promise.resolve(this.#document);
  }
}
