import { conformance } from '@agent-orchestrator/storage-conformance';
import { offer } from './offer.ts';
import { openTarget, type OpenedSqlite } from './open-target.ts';

conformance<OpenedSqlite>({ name: 'storage-sqlite', open: openTarget, ...offer });
