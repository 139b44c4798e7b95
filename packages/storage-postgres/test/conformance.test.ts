import { conformance } from '@agent-orchestrator/storage-conformance';
import { targetOf } from './target.ts';

// The long walk is in walk.slow.test.ts.
conformance(targetOf({ name: 'storage-postgres', walk: { steps: 100 } }));
