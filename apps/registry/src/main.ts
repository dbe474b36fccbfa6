import 'reflect-metadata';
import { runService } from '@muster/service';
import { registry } from './registry.js';

await runService(registry);
