import type { Verification } from '@agent-orchestrator/core';
import { printable } from '../output/printable.ts';
import type { Paint } from '../output/style.ts';

export function verificationLines({ ok, events, findings, truncated }: Verification, paint: Paint): string[] {
  if (ok) return [`verify: ${events} events, chains whole, state = log`];
  return [
    `verify: ${events} events, ${paint('red', `${findings.length}${truncated ? '+' : ''} findings`)}`,
    ...findings.map(
      ({ kind, sessionId, eventId, message }) =>
        `  ${paint('red', `✗ ${kind}`)}  session ${printable(sessionId)}${eventId === null ? '' : `, event #${eventId}`}: ${printable(message)}`,
    ),
    ...(truncated ? ['  there are more'] : []),
  ];
}
