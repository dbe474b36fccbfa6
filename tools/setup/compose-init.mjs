// @ts-check
// `npm run compose:init [-- <file>]`: the secrets that docker-compose.yml asks for, made once and kept in .env or in another file,
// readable by the owner alone.
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [, , asked] = process.argv;
const file =
  asked === undefined
    ? join(import.meta.dirname, '../../.env')
    : resolve(process.env['INIT_CWD'] ?? process.cwd(), asked);
if (existsSync(file)) {
  console.error(
    `${asked ?? '.env'} is there already and stays as it is. Delete it first for new secrets; the old data can not be read with them.`,
  );
  process.exit(1);
}

/** 256 random bits as base64url. */
const secret = () => randomBytes(32).toString('base64url');

// Without the signs that are easily taken for one another.
const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const code = Array.from({ length: 8 }, () => SIGNS[randomInt(SIGNS.length)]).join('');

const settings = {
  POSTGRES_PASSWORD: secret(),
  NATS_PASSWORD: secret(),
  MUSTER_SECRET: secret(),
  MUSTER_ACCESS_KEY: secret(),
  MUSTER_FIRST_CODE: `${code.slice(0, 4)}-${code.slice(4)}`,
};
const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' });
console.log(`Wrote ${asked ?? '.env'}. Next: docker-compose --profile node up --build -d, then open http://localhost:8080
One-time code for the first account: ${settings.MUSTER_FIRST_CODE}`);
