/** Nodes of this release beside the one of the profile `node`, each with a name and a volume of its own, and models for all of them. */
export function furtherNodes(
  names: readonly string[],
  accessKey: string,
  modelsFolder: string,
  version: string,
): object {
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
    services: Object.fromEntries(names.map((name) => [name, node(name)])),
    volumes: Object.fromEntries(names.map((name) => [name, {}])),
  };
}
