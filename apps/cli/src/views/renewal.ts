import type { Names } from '@agent-orchestrator/runtime';
import { printable } from '../output/printable.ts';
import { moment } from '../output/time.ts';

interface Renewal {
  readonly taskId: string;
  readonly expiresAt: number;
  readonly cancelRequested: boolean;
  readonly late: boolean;
}

export function renewalLine({ taskId, expiresAt, late }: Renewal, names: Names, now: number): string {
  const task = printable(names.task(taskId));
  return `still yours: task ${task}, until ${moment(expiresAt, now)}${late ? '; it came late, but no agent had taken over' : ''}`;
}

export function renewalChatter({ cancelRequested }: Renewal): string[] {
  return cancelRequested ? ['cancellation was asked: finish up, then orchestrator release --outcome cancelled'] : [];
}
