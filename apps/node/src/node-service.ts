import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Hardware, NodeName, showAddress } from '@muster/contracts';
import { type Hello, LogBuffer, SampleBuffer, serveLinks } from '@muster/node-link';
import { startTracing } from '@muster/tracing';
import { accessKeys, keepAccessKey } from './access-keys.js';
import type { NodeConfig } from './command-line.js';
import { takeDataFolder } from './data-folder.js';
import { openEngines } from './engines/engines.js';
import { errorCode } from './error-code.js';
import { findGpus } from './gpus/find-gpus.js';
import { ownCertificate } from './identity.js';
import { openInference } from './inference/open-inference.js';
import { linkLog } from './link-log.js';
import { LogFiles } from './log-files.js';
import { Log } from './log.js';
import { readHardware } from './machine/hardware.js';
import { openModels } from './models/open-models.js';
import { startSampler } from './sampler.js';
import { exitCodes, StartFailure } from './start-failure.js';
import type { Terminal } from './terminal.js';

const GIB = 1024 ** 3;

/**
 * Starts the node: its data folder, certificate and keys, its hardware, its port, its measuring. Resolves when it serves,
 * with what stops it again in reverse. Throws StartFailure, and then nothing is left running.
 */
export async function startNode(
  config: NodeConfig,
  version: string,
  terminal: Terminal,
): Promise<{ log: Log; stop: () => Promise<void> }> {
  const started: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const folder = await takeDataFolder(config.data);
    started.push(folder.release);
    const certificate = await ownCertificate(folder.path);
    const { askAccessKey, accessKey, ...unasked } = config;
    if (askAccessKey && accessKey !== undefined) keepAccessKey(folder.path, [accessKey]);
    const keys = accessKeys(askAccessKey ? { ...unasked, accessKey: undefined } : config, folder.path);
    if (keys.made !== undefined && keys.file !== undefined) {
      // At once, since what comes may still fail; to the terminal alone, since whoever may see the node reads its log.
      terminal.say(`Access key: ${keys.made}`);
      terminal.say(`Enter it in the console's Configuration. It is shown this once and kept in ${keys.file}`);
    }

    const samples = new SampleBuffer();
    const log = keptLog(join(folder.path, 'log'), terminal, started);
    log.write('info', 'node', `Muster node ${version} starts`);

    const tracing = await startTracing({
      service: 'node',
      instance: showAddress(hostname(), config.port),
      env: process.env,
      onProblem: (words) => log.write('warning', 'tracing', words),
    });
    if (tracing !== undefined) started.push(() => tracing.stop());

    const gpus = await findGpus((what) => log.write('warning', 'hardware', what));
    started.push(gpus.stop);
    const hardware = await readHardware(gpus.gpus);
    log.write('info', 'hardware', describe(hardware));

    const models = await openModels(config.models, join(folder.path, 'models'), log);
    started.push(models.stop);

    const run = randomUUID();
    const name = config.name ?? hostname();
    const hello: Hello = {
      version,
      run,
      ...(NodeName.safeParse(name).success ? { name } : {}),
      hardware,
      condition: { condition: 'serving' },
      executors: [],
    };
    const engines = await openEngines(config.engines, folder.path, hardware.gpus, (level, text) =>
      log.write(level, 'engine', text),
    );
    started.push(engines.close);
    const inference = openInference({
      dataFolder: folder.path,
      engines,
      shelf: models.shelf,
      keys,
      log,
      hardware,
      measured: () => samples.read(samples.next - 1, 1)[0]?.item.measurement,
      changed: () => server.refresh(),
      vouch: (address) => server.vouch(address),
    });
    const { executors } = inference;
    started.push(inference.close);
    const server = serveLinks({
      tls: { key: certificate.keyPem, cert: certificate.certPem },
      accessKeys: keys.current,
      hello: () => ({ ...hello, executors: executors.views() }),
      ...inference.served,
      samples,
      log: log.ring,
      onNotice: linkLog(log),
    });
    const port = await server.listen(config.port, config.bind).catch((error: unknown) => {
      throw portFailure(error, config);
    });
    started.push(() => server.close('stopping'));
    await inference.start();
    // Before the port is closed: what is in flight may end, and its answers go out.
    started.push(inference.close);
    started.push(() => {
      hello.condition = { condition: 'draining' };
      server.refresh();
    });
    started.push(keys.watch(log, (keyIds) => server.dropOldKeys(keyIds)));
    const sampler = startSampler(
      samples,
      gpus.read,
      () => executors.samples(),
      (words) => log.write('error', 'hardware', `The machine can not be measured: ${words}`),
    );
    started.push(sampler.stop);

    log.write('info', 'node', `Listening on ${showAddress(config.bind, port)}`);
    log.write('info', 'node', `Certificate ${certificate.isNew ? 'made, ' : ''}fingerprint ${certificate.fingerprint}`);
    started.push(() => log.write('info', 'node', 'Stopping'));
    return { log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The log on its disk, in memory and on the terminal. */
function keptLog(folder: string, terminal: Terminal, started: (() => void | Promise<void>)[]): Log {
  const files = new LogFiles(folder, {
    bootId: bootId(),
    newId: randomUUID,
    monotonicMs: () => performance.now(),
    onTrouble: (words) =>
      // Not from within the line that could not be kept.
      setImmediate(() => {
        if (words === undefined) log.write('info', 'log', 'Lines are kept on the disk again');
        else log.write('error', 'log', `Lines are not kept on the disk: ${words}. Tried again each minute.`);
      }),
  });
  started.push(() => files.close());
  const log = new Log(new LogBuffer(files), terminal.sink, () => new Date().toISOString());
  return log;
}

/** Another after each start of the machine. Where there is none to read, no two starts are taken for one. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}

function describe({ cpu, memoryTotalBytes, gpus }: Hardware): string {
  const memory = `${(memoryTotalBytes / GIB).toFixed(1)} GiB of memory`;
  return [`${cpu.model}, ${cpu.cores} cores`, memory, ...gpus.map(({ name }) => name)].join('; ');
}

function portFailure(error: unknown, { bind, port }: NodeConfig): unknown {
  const address = showAddress(bind, port);
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new StartFailure(
        `${address} is in use. Stop what listens there, or give another port with --port.`,
        exitCodes.portNotAvailable,
      );
    case 'EACCES':
      return new StartFailure(
        `This user may not listen on ${address}. Give a port from 1024 on with --port.`,
        exitCodes.portNotAvailable,
      );
    case 'EADDRNOTAVAIL':
      return new StartFailure(
        `${bind} is not an address of this machine. Give one that is with --bind.`,
        exitCodes.portNotAvailable,
      );
    default:
      return error;
  }
}
