import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { environmentWithoutSecrets } from '../process-run.js';

export interface NpmCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The npm of this machine: the one that started us, else the one beside our Node, else the one on the path. */
export function findNpm(
  env: NodeJS.ProcessEnv,
  node: string,
  exists: (path: string) => boolean = existsSync,
): NpmCommand | undefined {
  const running = env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js' && exists(running))
    return { command: node, args: [running] };
  const folders = [dirname(node), ...(env['PATH'] ?? '').split(delimiter)].filter((folder) => folder !== '');
  const npm = folders.map((folder) => join(folder, 'npm')).find((path) => exists(path));
  return npm === undefined ? undefined : { command: npm, args: [] };
}

/** Without what an npm that runs us has told of its own package: it would install into that one. */
export const npmEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environmentWithoutSecrets(env)).filter(
      ([name]) =>
        !/^npm_(?:package|lifecycle|config_(?:local_prefix|prefix|workspace|workspaces|omit|include|global|dry_run))(?:_|$)/.test(
          name,
        ) && name !== 'INIT_CWD',
    ),
  );

/** Only what is asked for, nothing run, nothing sent but the questions for packages; each fetch told. */
export const NPM_INSTALL: readonly string[] = [
  ...['install', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'],
  ...['--loglevel=http', '--no-progress', '--no-color', '--fetch-retries=3', '--fetch-timeout=60000'],
];

/** Whether a line of npm tells that a package has come. */
export const isFetched = (line: string): boolean => /^npm http (?:fetch GET 200|cache) \S+\.tgz\b/.test(line);

const reasons: readonly (readonly [RegExp, string])[] = [
  [/\bENOSPC\b/, 'the disk is full'],
  [/\bENOTFOUND\b|\bEAI_AGAIN\b/, 'the name of the package registry was not found: is there a network?'],
  [
    /\bECONNREFUSED\b|\bECONNRESET\b|\bETIMEDOUT\b|\bERR_SOCKET_TIMEOUT\b|\bEHOSTUNREACH\b|\bENETUNREACH\b/,
    'the package registry can not be reached',
  ],
  [/\bCERT_|\bSELF_SIGNED|\bUNABLE_TO_(?:VERIFY|GET)/, 'the certificate of the package registry is not trusted'],
  [/\bEINTEGRITY\b/, 'a package is not the one that it should be, and was refused'],
  [/\bE40[13]\b/, 'the package registry asks for a log-in'],
  [/\bETARGET\b|\bE404\b/, 'the package registry does not have a package that is needed'],
  [/\bEBADPLATFORM\b/, 'a package is not for this machine'],
  [/\bEACCES\b|\bEROFS\b|\bEPERM\b/, 'the data folder can not be written'],
];

/** Why an npm that wrote these lines has failed, for a person. */
export function npmFailure(lines: readonly string[]): string {
  const errors = lines.filter((line) => line.startsWith('npm error'));
  const text = errors.join('\n');
  const known = reasons.find(([pattern]) => pattern.test(text))?.[1];
  const [first] = errors.map((line) => line.replace(/^npm error (?:code )?/, '')).filter((line) => line !== '');
  return known ?? `npm failed${first === undefined ? '' : `: ${first}`}`;
}
