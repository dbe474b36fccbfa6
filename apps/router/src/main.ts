import 'reflect-metadata';
import { runService } from '@muster/service';
import { routerService } from './router.js';

await runService(routerService());
