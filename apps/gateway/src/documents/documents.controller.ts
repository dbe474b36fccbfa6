import { routes } from '@muster/contracts';
import { Controller, Logger } from '@nestjs/common';
import { GatewayConfig } from '../config.js';
import { type CallTo, Serves } from '../doors/serves.js';
import { openApiOf } from '../open-api/open-api.js';
import { Documents, served, type Served } from './documents.js';

type Json = Record<string, unknown>;

/** What describes this release to programs and to those who write them: its REST API, its bus, its facts. */
@Controller()
export class DocumentsController {
  readonly #openApi: Served<Json>;
  readonly #documents: Documents;

  constructor(config: GatewayConfig) {
    const { version, publicUrl, cookie, documentsRoot } = config;
    const openApi = openApiOf({ version, server: publicUrl.origin, cookie: cookie.name });
    this.#openApi = served(openApi, JSON.stringify(openApi));
    this.#documents = new Documents(documentsRoot, (err) => {
      new Logger('Gateway').warn({
        msg: `There are no documents of the bus at ${documentsRoot}: none are served.`,
        err,
      });
    });
  }

  @Serves(routes.readOpenApi)
  readOpenApi(call: CallTo<typeof routes.readOpenApi>): Promise<Json> {
    return kept(call, this.#openApi);
  }

  @Serves(routes.readAsyncApi)
  async readAsyncApi(call: CallTo<typeof routes.readAsyncApi>): Promise<string> {
    return kept(call, this.#documents.asyncApi);
  }

  @Serves(routes.listSchemas)
  listSchemas(): Promise<{ schemas: string[] }> {
    return Promise.resolve({ schemas: this.#documents.schemaIds });
  }

  @Serves(routes.readSchema)
  async readSchema(call: CallTo<typeof routes.readSchema>): Promise<Json> {
    return kept(call, this.#documents.schema(call.params.schemaId));
  }
}

/** May be kept, and is asked for with its tag: Express answers 304 when it is still the same. */
function kept<T>({ setHeader }: Pick<CallTo<typeof routes.readOpenApi>, 'setHeader'>, { content, etag }: Served<T>) {
  setHeader('cache-control', 'no-cache');
  setHeader('etag', etag);
  return Promise.resolve(content);
}
