import type { Event } from '@agent-orchestrator/core';
import { name, type History, type SessionLog } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I2. A session is granted only while it is free: the lease before has ended. */
export function noGrantWhileOpen({ sessions }: History): Violation[] {
  return sessions.flatMap(checkSession);
}

function checkSession({ events }: SessionLog): Violation[] {
  const found: Violation[] = [];
  let open: Event | null = null;
  for (const event of events) {
    if (event.leaseEffect === 'ended' && event.fence === open?.fence) open = null;
    if (event.leaseEffect !== 'granted') continue;
    if (open !== null)
      found.push(
        violation('I2', [open, event], `${name(event)} was granted while the lease of fence ${open.fence} was open.`),
      );
    open = event;
  }
  return found;
}
