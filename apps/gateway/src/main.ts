import 'reflect-metadata';
import { runService } from '@muster/service';
import { gateway } from './gateway.js';

await runService(gateway);
