import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { type EnvVar, readManifests, Workload } from './manifests.js';

// Programs are started here, on machines that may be busy.
jest.setTimeout(60_000);

const root = join(import.meta.dirname, '../../..');
const all = readManifests(join(root, 'deploy/kubernetes')).map(({ manifest }) => manifest);
const data = Object.assign(
  {},
  ...all
    .filter(({ kind }) => kind === 'ConfigMap')
    .map((each) => z.looseObject({ data: z.record(z.string(), z.string()) }).parse(each).data),
) as Record<string, string>;
const apps = readdirSync(join(root, 'apps'));
const services = all
  .filter(({ kind, metadata }) => /^(Deployment|StatefulSet)$/.test(kind) && apps.includes(metadata.name))
  .map((each) => Workload.parse(each));

/** Something of the right shape for each secret and field: 43 characters are 256 bits in base64url. */
const filled = ({ name, value, valueFrom }: EnvVar, before: Record<string, string>): string =>
  value?.replace(/\$\((\w+)\)/g, (_, other: string) => before[other] ?? '') ??
  data[valueFrom?.configMapKeyRef?.key ?? ''] ??
  (valueFrom?.fieldRef === undefined
    ? `${name}${'x'.repeat(43)}`.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 43)
    : `${name.toLowerCase()}-5d8f7c9b6-x2x4z`);

/** What the built service says to each of these environments: its problem, or else what it knows by name. */
const READ = `
  import { readConfig } from '@muster/service';
  const exported = await import(process.cwd() + '/dist/config.js');
  const [name] = Object.keys(exported).filter((each) => /^[A-Z]\\w*(Config|Environment)$/.test(each) && exported[each]._zod !== undefined);
  const known = Object.keys(exported[name]._zod.def.shape);
  const answers = JSON.parse(process.env.ENVIRONMENTS).map((env) => {
    try {
      readConfig(exported[name], env);
      return { known };
    } catch (error) {
      return { problem: error.message, known };
    }
  });
  console.log(JSON.stringify(answers));
`;

const Answers = z.array(z.object({ problem: z.optional(z.string()), known: z.array(z.string()) }));

async function read(app: string, environments: Record<string, string>[]) {
  // Beside the service, so that it finds the packages which the service finds.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', READ], {
    cwd: join(root, 'apps', app),
    env: { PATH: process.env['PATH'], ENVIRONMENTS: JSON.stringify(environments) },
  });
  return Answers.parse(JSON.parse(stdout));
}

describe('the environment that the manifests for Kubernetes give', () => {
  it.each(services.map((each) => [each.metadata.name, each] as const))(
    'to %s is all that it needs, and nothing that it does not know',
    async (name, { spec }) => {
      const env: Record<string, string> = {};
      for (const variable of spec.template.spec.containers[0]?.env ?? []) env[variable.name] = filled(variable, env);
      const needed = ['NATS_URL', 'DATABASE_URL', 'MUSTER_SECRET'].filter((each) => each in env);
      const without = needed.map((each) => Object.fromEntries(Object.entries(env).filter(([given]) => given !== each)));
      const [whole, ...lacking] = await read(name, [env, ...without]);
      expect(whole?.problem).toBeUndefined();
      // Passwords are there for the addresses that are put together of them.
      const known = whole?.known ?? [];
      const unknown = Object.keys(env).filter((each) => !known.includes(each) && !each.endsWith('_PASSWORD'));
      expect(unknown).toEqual([]);
      expect(lacking.map(({ problem }) => problem)).toEqual(needed.map((each) => `${each}: must be set`));
    },
  );

  it('is given to every service there is', () => {
    expect(services.length).toBeGreaterThan(4);
    const notServices = ['node', 'web', 'web-e2e'];
    expect(services.map(({ metadata }) => metadata.name).sort()).toEqual(
      apps.filter((app) => !notServices.includes(app)).sort(),
    );
  });
});
