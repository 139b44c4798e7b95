import type { Names } from '@agent-orchestrator/runtime';
import { moment } from '../output/time.ts';

interface Renewal {
  readonly taskId: string;
  readonly expiresAt: number;
  readonly cancelRequested: boolean;
  readonly late: boolean;
}

export function renewalLine({ taskId, expiresAt, late }: Renewal, names: Names, now: number): string {
  const remark = late ? '; the renewal was late, but no agent had taken over' : '';
  return `still yours: task ${names.task(taskId)}, until ${moment(expiresAt, now)}${remark}`;
}

export function renewalChatter({ cancelRequested }: Renewal): string[] {
  return cancelRequested ? ['cancellation was requested: stop, then orchestrator release --outcome cancelled'] : [];
}
