import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus } from '@muster/bus';
import { busServices, SessionView } from '@muster/contracts';
import { CannotGoOn, say } from '../terminal.js';
import { keepAccessKeyFile } from './access-key-file.js';
import { type DataFolder, explain, keptSecret, openDataFolder, readJson, writeWhole } from './data-folder.js';
import { firstCode } from './first-code.js';
import { type HeldInstance, holdInstance } from './instance.js';
import { LogFile } from './log-file.js';
import { checkNats, type Nats, ownNats } from './nats.js';
import type { StartOptions } from './options.js';
import { Part, type PartSpec } from './part.js';
import { PortClaims } from './port-claims.js';
import { choosePorts, internalPorts, isPortFree, Ports, portsToRemember, type RememberedPorts } from './ports.js';
import { checkDatabase, ownPostgres } from './postgres.js';
import { Outsiders } from './outsiders.js';
import { Roster, sweepLeftovers } from './roster.js';
import { apiAddress, consoleAddress, localUrl, nodePart, serviceParts, type ServiceSettings } from './services.js';

const ASK_WITHIN_MS = 30_000;

type Run = (spec: PartSpec) => Promise<Part>;

/** The bus as the parts use it: the one that comes along, or the one of NATS_URL with one user for all. */
interface UsedBus extends Pick<Nats, 'url' | 'urls'> {
  readonly outsiders: ServiceSettings['outsiders'];
}

const everyService = (url: string): Nats['urls'] =>
  Object.fromEntries(Object.keys(busServices).map((service) => [service, url])) as Nats['urls'];

/** It was asked to stop while it started. */
class Interrupted extends Error {}

/** Everything of one data folder, started in order and stopped in reverse. */
export class System {
  private readonly stops: (() => Promise<void>)[] = [];
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly root: string,
    private readonly options: StartOptions,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Resolves when all of it is ready. Whatever it throws, `stop` must be called then. */
  async start(): Promise<void> {
    const startedMs = performance.now();
    const folder = await openDataFolder(this.options.dataFolder);
    const instance = await holdInstance(folder.root);
    this.stops.push(() => instance.release());
    say(`Starting Muster; its data is in ${folder.root}`);
    await explain(folder);
    const left = await sweepLeftovers(join(folder.root, 'processes.json'), folder.postgres);
    if (left.length > 0) say(`Ended what an earlier start had left behind: ${left.join(', ')}.`);
    const ports = await this.ports(folder);
    const roster = new Roster(join(folder.root, 'processes.json'));
    this.stops.push(() => roster.close());
    const run = (spec: PartSpec) => this.run(spec, folder, roster);

    const [databaseUrl, bus] = await Promise.all([this.database(folder, ports, run), this.nats(folder, ports, run)]);
    const settings: ServiceSettings = {
      root: this.root,
      folder,
      ports,
      options: this.options,
      databaseUrl,
      natsUrls: bus.urls,
      outsiders: bus.outsiders,
      secret: await keptSecret(folder, 'muster-secret'),
      firstCode: firstCode(randomBytes(8)),
      accessKeyFile: join(folder.secrets, 'access-key'),
      env: this.env,
    };
    const { registry, monitor, stats, webhooks, gateway, router } = serviceParts(settings);
    const services = [registry, monitor, stats, webhooks, gateway, router].map(run);
    await Promise.all([...services, this.localNode(settings, bus.url, run)]);
    await this.welcome(settings, instance, performance.now() - startedMs);
  }

  /** Stops all that was started, last first. May be called at any time and more than once. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  private async stopAll(): Promise<void> {
    for (let stop = this.stops.pop(); stop !== undefined; stop = this.stops.pop()) await stop();
  }

  private async run(spec: PartSpec, folder: DataFolder, roster: Roster): Promise<Part> {
    if (this.stopped !== undefined) throw new Interrupted();
    const log = new LogFile(join(folder.logs, `${spec.name.toLowerCase().replaceAll(' ', '-')}.log`));
    const part = new Part(spec, log, roster);
    this.stops.push(async () => {
      await part.stop();
      log.close();
    });
    await part.start();
    return part;
  }

  private async database(folder: DataFolder, ports: Ports, run: Run): Promise<string> {
    const { databaseUrl } = this.options;
    if (databaseUrl !== undefined) {
      await checkDatabase(databaseUrl);
      return databaseUrl;
    }
    const postgres = await ownPostgres(folder, ports.postgres, this.env);
    await run(postgres.part);
    await postgres.prepare();
    return postgres.url;
  }

  private async nats(folder: DataFolder, ports: Ports, run: Run): Promise<UsedBus> {
    const { natsUrl } = this.options;
    if (natsUrl !== undefined) {
      await checkNats(natsUrl);
      return { url: natsUrl, urls: everyService(natsUrl), outsiders: undefined };
    }
    const nats = await ownNats(folder, ports.nats, this.env);
    const part = await run(nats.part);
    const outsiders = new Outsiders(nats, part);
    this.stops.push(() => Promise.resolve(outsiders.stop()));
    const { url, urls, systemUrl, outsidersFile: usersFile } = nats;
    return { url, urls, outsiders: { systemUrl, usersFile, logFile: part.log.path } };
  }

  /** The key of the node service comes from the registry, so the file is there before the node service is. */
  private async localNode(settings: ServiceSettings, natsUrl: string, run: Run): Promise<void> {
    if (!this.options.withNode) return;
    const bus = await connectBus({ servers: natsUrl, name: 'npm-start' });
    this.stops.push(() => bus.close());
    await bus.assertStreams();
    const keyFile = keepAccessKeyFile(bus, settings.secret, settings.accessKeyFile);
    this.stops.push(() => keyFile.stop());
    await keyFile.written;
    await run(nodePart(settings));
  }

  private async ports(folder: DataFolder): Promise<Ports> {
    const path = join(folder.root, 'ports.json');
    // Written by an older version it names fewer parts.
    const remembered: RememberedPorts = (await readJson(path, Ports.partial())) ?? {};
    const { port, portIsFixed: isFixed, apiPort } = this.options;
    const router = apiPort === undefined ? undefined : { port: apiPort, isFixed: true };
    const claims = new PortClaims();
    this.stops.push(() => claims.release());
    const isFree = async (candidate: number) => (await isPortFree(candidate)) && (await claims.take(candidate));
    try {
      const ports = await choosePorts(remembered, { port, isFixed }, internalPorts(folder.root), isFree, router);
      await writeWhole(path, JSON.stringify(portsToRemember(remembered, ports), undefined, 2));
      if (remembered.node !== undefined && ports.node !== remembered.node && this.options.withNode)
        say(
          `Something else has taken port ${remembered.node}, where this machine is known as a node: its node service listens on ${ports.node} for now. Free the port and start again.`,
        );
      return ports;
    } catch (error) {
      throw new CannotGoOn((error as Error).message, { cause: error });
    }
  }

  private async welcome(settings: ServiceSettings, instance: HeldInstance, tookMs: number): Promise<void> {
    const address = consoleAddress(this.options, settings.ports.console);
    await instance.tell(address);
    const firstAccountNeeded = await isFirstAccountNeeded(localUrl(this.options.host, settings.ports.console));
    say(`Ready after ${(tookMs / 1000).toFixed(1)} s. Logs are in ${settings.folder.logs}`);
    say('');
    say(
      `  Open ${address}${firstAccountNeeded ? ` — one-time code for the first account: ${settings.firstCode}` : ''}`,
    );
    say(`  Applications send requests to ${apiAddress(this.options, settings.ports.router)}`);
    say('');
    say('Ctrl-C stops everything; your data stays.');
  }
}

/** Asks the gateway as the page does. It may be ready a moment before the registry hears it. */
async function isFirstAccountNeeded(gateway: string): Promise<boolean> {
  const deadline = performance.now() + ASK_WITHIN_MS;
  for (;;) {
    try {
      const answer = await fetch(`${gateway}/api/session`, { signal: AbortSignal.timeout(5_000) });
      return SessionView.parse(await answer.json()).firstAccountNeeded;
    } catch (error) {
      if (performance.now() > deadline)
        throw new CannotGoOn(
          'The gateway cannot reach the registry, so nobody could sign in. Start again; if it stays so, look into both logs.',
          { cause: error },
        );
    }
    await sleep(200);
  }
}
