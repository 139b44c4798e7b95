import type { Names } from '@agent-orchestrator/runtime';
import type { Answer } from '../output/output.ts';
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

export function renewalRemarks({ cancelRequested }: Renewal): Required<Pick<Answer, 'chatter' | 'needed'>> {
  const stop = 'cancellation was requested: stop, then orchestrator release --outcome cancelled';
  const remarks = cancelRequested ? [stop] : [];
  return { chatter: remarks, needed: remarks };
}
