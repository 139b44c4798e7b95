import { counted } from '@agent-orchestrator/core';
import type { Guarantee } from '../../../processes/guarantee.ts';
import type { LeftFacts, StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

const KEPT_BY: { readonly [By in Guarantee]: string } = {
  cgroup: '`run` keeps all that its command starts in a cgroup, under a keeper',
  keeper: '`run` keeps all that its command starts under a keeper',
  nothing:
    'Here `run` cannot prove that all that its command started has ended. A lease of a killed run ends by its time.',
};

/**
 * Reports what is known of all that holders of this machine have started: whether it can be proved that it has ended,
 * and which leases are held back because it has not.
 */
export function checkOffspring({ machine: { guarantee, left }, work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const hint =
    'docs/platforms.md names the conditions: Linux on x64 or arm64, and a disk that is not mounted `noexec`.';
  const found = (['alive', 'unproven'] as const).flatMap((state) => heldBack(left.filter(({ is }) => is === state)));
  if (guarantee === 'nothing') return [draft('offspring', 'notice', KEPT_BY.nothing, { hint }), ...found];
  return found.length > 0 ? found : [draft('offspring', 'ok', KEPT_BY[guarantee])];
}

function heldBack(left: readonly LeftFacts[]): Draft[] {
  const [first] = left;
  if (first === undefined) return [];
  const holders = counted(left.length, 'holder');
  const [are, they] = left.length === 1 ? ['is', 'it'] : ['are', 'they'];
  const message =
    first.is === 'alive'
      ? `${holders} on this machine ${are} gone, but something that ${they} started is alive.`
      : `${holders} on this machine ${are} gone, and it cannot be proved that all that ${they} started has ended.`;
  const hint =
    first.is === 'alive'
      ? '`orchestrator why SESSION` names the processes. Once they have ended, the session is free at once.'
      : 'The lease ends by its time. Nothing has to be done.';
  return [draft('offspring', 'notice', message, { hint, subjects: left.map(({ is: _is, ...subject }) => subject) })];
}
