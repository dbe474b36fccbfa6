import { say } from '../terminal.js';

// `npm run bench -- <name>`: each bench is a module that runs when it is loaded and prints its table.
const benches: Record<string, { readonly shows: string; run(): Promise<unknown> }> = {
  'at-rest': {
    shows: 'how fast the system starts, and what it costs while nothing happens',
    run: () => import('./at-rest.js'),
  },
  history: {
    shows: 'how fast the timeline and the past of the fleet are told at 100,000 facts',
    run: () => import('./history.js'),
  },
  append: {
    shows: 'how fast facts are appended, in SQL and from Node',
    run: () => import('./append.js'),
  },
  command: {
    shows: 'how long a command takes on a node with many facts',
    run: () => import('./command.js'),
  },
  delivery: {
    shows: 'how fast facts reach a consumer, one by one and after a backlog',
    run: () => import('./delivery.js'),
  },
  ingest: {
    shows: 'how fast facts about requests are counted, each once',
    run: () => import('./ingest.js'),
  },
  router: {
    shows: 'how many requests a second pass the router, and how much later an answer comes by way of it',
    run: () => import('./router.js'),
  },
  streams: {
    shows: 'how much later the first token of a stream comes by way of the router, and each one after it',
    run: () => import('./streams.js'),
  },
  balance: {
    shows: 'how evenly the nodes share recorded work',
    run: () => import('./balance.js'),
  },
  monitor: {
    shows: 'what watching 1,000 nodes costs, beside Prometheus that takes the same values',
    run: () => import('./monitor.js'),
  },
  'fan-out': {
    shows: 'what the Gateway takes for each message that it delivers to a browser',
    run: () => import('./fan-out.js'),
  },
  live: {
    shows: 'how long a sample takes from its node to the browser, beside a socket straight to the node',
    run: () => import('./live.js'),
  },
  replay: {
    shows: 'how fast all facts are read and folded',
    run: () => import('./replay.js'),
  },
};

const bench = benches[process.argv[2] ?? 'at-rest'];
if (bench === undefined) {
  say('npm run bench -- <name>, where the name is one of');
  for (const [name, { shows }] of Object.entries(benches)) say(`  ${name.padEnd(10)} ${shows}`);
  process.exitCode = 64;
} else {
  await bench.run();
}
