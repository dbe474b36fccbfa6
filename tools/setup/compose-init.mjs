// @ts-check
// `npm run compose:init [-- <file>]`: the secrets that docker-compose.yml asks for, made once and kept in .env or in another file,
// readable by the owner alone.
import { randomBytes, randomInt } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [, , asked] = process.argv;
const file =
  asked === undefined
    ? join(import.meta.dirname, '../../.env')
    : resolve(process.env['INIT_CWD'] ?? process.cwd(), asked);
const name = asked ?? '.env';
const before = existsSync(file) ? readFileSync(file, 'utf8') : '';

/** 256 random bits as base64url. */
const secret = () => randomBytes(32).toString('base64url');

// Without the signs that are easily taken for one another.
const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const code = Array.from({ length: 8 }, () => SIGNS[randomInt(SIGNS.length)]).join('');

// nats-server reads what begins like a number as one.
const natsPassword = () => `n${secret()}`;
const natsUsers = ['', 'SYSTEM_', 'REGISTRY_', 'MONITOR_', 'STATS_', 'ROUTER_', 'GATEWAY_', 'WEBHOOKS_'].map(
  (user) => `NATS_${user}PASSWORD`,
);

const settings = {
  POSTGRES_PASSWORD: secret(),
  ...Object.fromEntries(natsUsers.map((user) => [user, natsPassword()])),
  MUSTER_SECRET: secret(),
  MUSTER_ACCESS_KEY: secret(),
  MUSTER_FIRST_CODE: `${code.slice(0, 4)}-${code.slice(4)}`,
};
const missing = Object.entries(settings).filter(([key]) => !new RegExp(`^${key}=`, 'm').test(before));
const lines = missing.map(([key, value]) => `${key}=${value}\n`).join('');
if (before === '') {
  writeFileSync(file, lines, { mode: 0o600, flag: 'a' });
  console.log(`Wrote ${name}. Next: docker-compose --profile node up --build -d, then open http://localhost:8080
One-time code for the first account: ${settings.MUSTER_FIRST_CODE}`);
} else if (lines === '') {
  console.log(`${name} has all that this version asks for, and stays as it is.`);
} else {
  // The secrets that are there stay: the old data can not be read with others.
  appendFileSync(file, `${before.endsWith('\n') ? '' : '\n'}${lines}`);
  console.log(
    `Added to ${name} what this version asks for beside what was there: ${missing.map(([key]) => key).join(', ')}.`,
  );
}
