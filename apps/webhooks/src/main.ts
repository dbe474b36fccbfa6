import 'reflect-metadata';
import { runService } from '@muster/service';
import { webhooks } from './webhooks.js';

await runService(webhooks);
