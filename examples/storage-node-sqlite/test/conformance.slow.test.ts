import { conformance } from '@agent-orchestrator/storage-conformance';
import { target } from './target.ts';

conformance(target);
