import { planService, readServiceCommand } from './service-plan.js';

const machine = {
  home: '/home/ada',
  node: '/usr/bin/node',
  program: '/usr/lib/node_modules/muster-node/dist/main.js',
  groups: new Set(['video', 'users']),
};
const plan = (args: string[], more: Partial<typeof machine> = {}, port = 8022) =>
  planService(readServiceCommand(args), port, '/home/ada/.local/share/muster-node', { ...machine, ...more });

describe('the unit of the node service', () => {
  it('runs as a user of its own, hardened, with the graphics processors and nothing else in reach', () => {
    const { user, data, unitPath, unit } = plan([]);
    expect([user, data, unitPath]).toEqual([
      'muster-node',
      '/var/lib/muster-node',
      '/etc/systemd/system/muster-node.service',
    ]);
    expect(unit).toContain(
      'ExecStart=/usr/bin/node /usr/lib/node_modules/muster-node/dist/main.js --data /var/lib/muster-node\n',
    );
    for (const line of [
      'User=muster-node',
      'SupplementaryGroups=video',
      'StateDirectory=muster-node',
      'StateDirectoryMode=0700',
      'NoNewPrivileges=true',
      'ProtectSystem=strict',
      'CapabilityBoundingSet=',
      'KillMode=mixed',
      'RestartPreventExitStatus=64 73 75 78',
      'WantedBy=multi-user.target',
    ])
      expect(unit.split('\n')).toContain(line);
  });

  it('is a user’s own when that is asked for', () => {
    const { user, data, unitPath, unit } = plan(['--user']);
    expect([user, data, unitPath]).toEqual([
      undefined,
      '/home/ada/.local/share/muster-node',
      '/home/ada/.config/systemd/user/muster-node.service',
    ]);
    expect(unit).not.toMatch(/^User=|^Protect/m);
    expect(unit).toContain('WantedBy=default.target');
  });

  it('passes options on with whole paths, and each word as it was meant', () => {
    const { unit, data } = plan(
      ['--data=/srv/muster', '--models', 'my models', '--name', 'Lab $2 "50 %"', '--port', '80'],
      {},
      80,
    );
    expect(data).toBe('/home/ada/.local/share/muster-node');
    expect(unit).toContain(
      `--data /srv/muster --models "${process.cwd()}/my models" --name "Lab $$2 \\"50 %%\\"" --port 80\n`,
    );
    expect(unit).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE');
  });

  it('holds neither the access key nor how it was given', () => {
    const { unit } = plan([
      '--access-key-file',
      '/root/key',
      '--ask-access-key',
      '--access-key-file=/x',
      '--bind',
      '::',
    ]);
    expect(unit).not.toMatch(/key/);
    expect(unit).toContain('--bind :: --data');
  });

  it('refuses what could not run', () => {
    expect(() => plan([], { program: '/root/.npm/_npx/1/node_modules/muster-node/dist/main.js' })).toThrow('npx keeps');
    expect(() => plan([], { node: '/root/.nvm/v24/bin/node' })).toThrow('can not enter /root/.nvm/v24/bin/node');
    expect(() => plan(['--user'], { node: '/home/ada/.nvm/bin/node' })).not.toThrow();
  });
});
