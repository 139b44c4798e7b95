import { conformance } from '@agent-orchestrator/storage-conformance';
import { targetOf } from './target.ts';

// What a short walk meets in a hundred runs, this one meets in a few.
conformance(targetOf({ name: 'storage-postgres', walk: { steps: 1_500 } }), 'random walk beside the model');
