import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';

// The process that Prometheus asks: on every path the same names with 50 values of this moment, as text without comments.
const GPUS = 8;
const wave = (beat: number, period: number, height: number) =>
  Math.round(height * 5 * (1 + Math.sin(beat / period))) / 10;

let beat = 0;
const server = createServer((request, response) => {
  beat += 1;
  request.resume();
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(fiftyValues());
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => process.exit(0));

function fiftyValues(): string {
  const lines = [
    `node_cpu_percent ${wave(beat, 10, 100)}`,
    `node_memory_used_bytes ${8 * 1024 ** 3 + beat * 4_096}`,
    `node_memory_total_bytes ${32 * 1024 ** 3}`,
    `node_load1 ${performance.timeOrigin + performance.now()}`,
    `node_load5 ${wave(beat, 20, 8)}`,
    `node_load15 ${wave(beat, 30, 8)}`,
  ];
  for (let gpu = 0; gpu < GPUS; gpu += 1)
    lines.push(
      `node_gpu_utilisation_percent{gpu="${gpu}"} ${wave(beat, 7 + gpu, 100)}`,
      `node_gpu_memory_used_bytes{gpu="${gpu}"} ${2 * 1024 ** 3 + ((beat * 65_536) % 1024 ** 3)}`,
      `node_gpu_memory_total_bytes{gpu="${gpu}"} ${24 * 1024 ** 3}`,
      `node_gpu_temperature_celsius{gpu="${gpu}"} ${40 + wave(beat, 40 + gpu, 40)}`,
      `node_gpu_power_watts{gpu="${gpu}"} ${50 + wave(beat, 9 + gpu, 250)}`,
    );
  lines.push(
    `node_executor_in_flight{executor="one"} ${beat % 4}`,
    `node_executor_queued{executor="one"} ${beat % 2}`,
    `node_executor_requests_total{executor="one"} ${beat + 1_000_000}`,
    `node_executor_errors_total{executor="one"} 3`,
  );
  return `${lines.join('\n')}\n`;
}
