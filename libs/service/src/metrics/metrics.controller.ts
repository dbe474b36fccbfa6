import { Controller, Get, Header, Inject } from '@nestjs/common';
import { METRICS_MEDIA } from './families.js';
import { Metrics } from './metrics.js';

/** `/metrics` beside `/health`, for services that only the internal network reaches. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', METRICS_MEDIA)
  @Header('cache-control', 'no-store')
  read(): Promise<string> {
    return this.metrics.text();
  }
}
