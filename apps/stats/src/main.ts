import 'reflect-metadata';
import { runService } from '@muster/service';
import { stats } from './stats.js';

await runService(stats);
