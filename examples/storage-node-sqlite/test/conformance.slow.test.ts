import { conformance } from '@agent-orchestrator/storage-conformance';
import { target } from './target.ts';

// Here it runs by its name alone: the slow tests run it packed and from outside (`storage-from-outside.slow.test.ts`).
conformance(target);
