import type { SessionRecord } from '@agent-orchestrator/core';
import { livenessOf, newSeed, ownProcess, type RegisteredHost } from '@agent-orchestrator/runtime';

/*
 * One run of the server. The lease names the process of the host. The process of the server stands in the instance, for
 * later servers of the same host: it proves nothing, and only tells them whether it helps to wait for the lease.
 */

const INSTANCE = /^mcp-(\d+)-(\d+)-/u;

/** The id of this run: a name that no other run has. */
export function newInstance(): string {
  const own = ownProcess();
  const process = own === null ? '' : `${own.pid}-${own.start}-`;
  return `mcp-${process}${newSeed().slice(0, 8)}`;
}

/**
 * Whether the session is held for this very host, by a server that has ended, without a file of it: the server was
 * killed between its claim and the file, or the files were removed.
 */
export function isLeftByServer(session: SessionRecord, { process: own }: RegisteredHost): boolean {
  const { host, boot, pid, processStart, instance } = session;
  if (own.host !== host || own.boot !== boot || own.pid !== pid || own.start !== processStart) return false;
  const [, serverPid, start] = INSTANCE.exec(instance ?? '') ?? [];
  if (serverPid === undefined || start === undefined) return false;
  return livenessOf({ host, boot, pid: Number(serverPid), start }) === 'gone';
}
