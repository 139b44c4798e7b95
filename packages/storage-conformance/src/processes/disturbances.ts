import type { Random } from './random.ts';
import { named, type Failpoint, type NamedFailpoint } from './failpoint.ts';
import type { Incident, ProcessRun } from './settings.ts';

/** A disturbance from outside, after a number of steps of all processes together. */
export type Disturbance = { readonly atStep: number } & (
  | {
      readonly kind: 'kill' | 'pause';
      /** It comes back, or continues, only after others may have taken over its leases. */
      readonly long: boolean;
    }
  | { readonly kind: 'incident'; readonly incident: Incident }
);

/** A task takes about this many lines in the journals: what is sent, and what is answered. */
const STEPS_PER_TASK = 9;

/** Spreads them at random over the larger part of a run, so that all of them fall into it. */
export function planDisturbances(
  random: Random,
  { tasks, kills, failpoints, pauses, incidents = [] }: ProcessRun,
): Disturbance[] {
  // A process that adds tasks until its end adds about two.
  const expected = tasks ?? (typeof failpoints === 'number' ? failpoints : failpoints.at.length * failpoints.times) * 2;
  const until = Math.floor(expected * STEPS_PER_TASK * 0.6);
  const at = () => random.between(Math.min(50, until), until);
  const planned: Disturbance[] = [
    ...Array.from({ length: kills }, (): Disturbance => ({ atStep: at(), kind: 'kill', long: random.chance(0.25) })),
    ...Array.from({ length: pauses }, (): Disturbance => ({ atStep: at(), kind: 'pause', long: true })),
    ...incidents.flatMap((incident) =>
      Array.from({ length: incident.times }, (): Disturbance => ({ atStep: at(), kind: 'incident', incident })),
    ),
  ];
  return planned.toSorted((a, b) => a.atStep - b.atStep);
}

/** Where a process is to kill itself, at a moment that no kill from outside hits. It may be hit from outside before. */
export function planFailpoint(random: Random): Failpoint {
  return { command: null, moment: random.pick(['answered', 'answered', 'sent']), call: random.between(1, 40) };
}

/** Each of the named failpoints so many times, in any order, each at one of the first such calls of a process. */
export function planFailpoints(random: Random, at: readonly NamedFailpoint[], times: number): Failpoint[] {
  const planned = at.flatMap((name) => Array.from({ length: times }, () => named(name, random.between(1, 3))));
  return random.shuffled(planned);
}
