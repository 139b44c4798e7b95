import type { OpenInChild } from '@agent-orchestrator/storage-conformance';
import { openPostgresStorage } from '../src/index.ts';

/** How another process opens the store: the address is its URL. */
export const open: OpenInChild = (address, clock) => openPostgresStorage({ url: address, clock });
