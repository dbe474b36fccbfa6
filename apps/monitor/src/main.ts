import 'reflect-metadata';
import { runService } from '@muster/service';
import { monitor } from './monitor.js';

await runService(monitor);
