import type { OpenInChild } from '@agent-orchestrator/storage-conformance';
import { openPostgresStorage } from '../src/index.ts';

/** Servers that are killed one after the other, on a busy machine, may be away longer than the default bears. */
const RETRY_MS = 120_000;

/** How another process opens the store: the address is its URL. */
export const open: OpenInChild = (address, clock) => openPostgresStorage({ url: address, clock, retryMs: RETRY_MS });
