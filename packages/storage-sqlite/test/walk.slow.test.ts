import { conformance } from '@agent-orchestrator/storage-conformance';
import { offer } from './offer.ts';
import { openTarget, type OpenedSqlite } from './open-target.ts';

// What a short walk meets in four runs, this one meets in one.
conformance<OpenedSqlite>({ name: 'storage-sqlite', open: openTarget, ...offer }, 'random walk beside the model');
