import type { Verification } from '@agent-orchestrator/core';
import { counted } from '@agent-orchestrator/runtime';
import type { Paint } from '../output/style.ts';

export function verificationLines({ ok, events, findings, truncated }: Verification, paint: Paint): string[] {
  if (ok) return [`verify: ${counted(events, 'event')}, the chains are complete, the state matches the log`];
  return [
    `verify: ${counted(events, 'event')}, ${paint('red', counted(findings.length, 'finding', truncated))}`,
    ...findings.map(({ kind, sessionId, agent, eventId, message }) => {
      const owner = agent === null ? `session ${sessionId}` : `agent ${agent}`;
      const where = `${owner}${eventId === null ? '' : `, event #${eventId}`}`;
      return `  ${paint('red', `✗ ${kind}`)}  ${where}: ${message}`;
    }),
    ...(truncated ? ['  there are more'] : []),
  ];
}
