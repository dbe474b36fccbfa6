import { releaseVersion } from '@muster/service';
import { openApiOf } from './open-api.js';

/** The document as it lies in docs/openapi.json: of this release, for a Gateway somewhere. */
export const committedOpenApi = (): string =>
  `${JSON.stringify(openApiOf({ version: releaseVersion(), server: 'https://muster.lab', cookie: '__Host-muster-session' }), undefined, 2)}\n`;
