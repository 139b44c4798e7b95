import type { OpenInChild } from '@agent-orchestrator/storage-conformance';
import { openNodeSqliteStorage } from 'example-storage-node-sqlite';

/** Opens the store in another process; the address is its path. */
export const open: OpenInChild = (address, clock) => openNodeSqliteStorage({ path: address, mode: 'existing', clock });
