export interface Addition {
  /** Of the further nodes, as addresses too. */
  readonly names: readonly string[];
  readonly accessKey: string;
  readonly modelsFolder: string;
  readonly version: string;
  /** Where NATS is reached from this machine alone. */
  readonly busPort: number;
}

/**
 * Nodes of this release beside the one of the profile `node`, each with a name and a volume of its own, and models for all of them;
 * and a door to NATS for an outsider.
 */
export function addition({ names, accessKey, modelsFolder, version, busPort }: Addition): object {
  const node = (name: string) => ({
    image: `muster/node:\${MUSTER_VERSION:-${version}}`,
    restart: 'unless-stopped',
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    init: true,
    environment: { MUSTER_ACCESS_KEY: accessKey, MUSTER_NODE_NAME: name, MUSTER_ENGINE: 'keep' },
    volumes: [`${name}:/data`, `${modelsFolder}:/data/models`],
  });
  return {
    services: {
      ...Object.fromEntries(names.map((name) => [name, node(name)])),
      nats: { ports: [`127.0.0.1:${busPort}:4222`] },
    },
    volumes: Object.fromEntries(names.map((name) => [name, {}])),
  };
}
