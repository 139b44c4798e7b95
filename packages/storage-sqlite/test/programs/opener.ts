/** Opens a store that may not be there yet, adds a task, and says how far it has come. */
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../../src/index.ts';
import { newSeed } from '../new-seed.ts';
import { leave, settings, tell, told } from './parent.ts';

const { path, key } = settings() as { readonly path: string; readonly key: string };

const start = told('start');
tell('loaded');
await start;
const storage = await openSqliteStorage({ path });
tell('opened');
await storage.migrate();
tell('migrated');
const { task } = await new Orchestrator({ storage, newCommandId, newSeed }).enqueueTask({ dedupeKey: key });
tell('added', { taskId: task.id });
await storage.close();
leave();
