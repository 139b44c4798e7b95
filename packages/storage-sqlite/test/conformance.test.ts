import { conformance } from '@agent-orchestrator/storage-conformance';
import { offer } from './offer.ts';
import { openTarget, type OpenedSqlite } from './open-target.ts';

// The long walk is in walk.slow.test.ts.
conformance<OpenedSqlite>({ name: 'storage-sqlite', open: openTarget, walk: { steps: 500 }, ...offer });
