import { type AddressInfo, createServer, type Server } from 'node:net';
import { listeningInodes, listensItself } from './listener.js';

// Linux 6.1, cut to two sockets: one listens on 8080, one is connected from there.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31337 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 31338 1 0000000000000000 20 4 30 10 -1
`;

describe('who listens on a port', () => {
  it('is read from the table of sockets', () => {
    expect(listeningInodes(table, 8080)).toEqual(['31337']);
    expect(listeningInodes(table, 8081)).toEqual([]);
    expect(listeningInodes('', 8080)).toEqual([]);
  });

  it('is this process and no other', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await listensItself(process.pid, port)).toBe(true);
    if (process.platform === 'linux') expect(await listensItself(process.ppid, port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    if (process.platform === 'linux') expect(await listensItself(process.pid, port)).toBe(false);
  });
});
