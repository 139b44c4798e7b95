import { moment } from '../output/time.ts';

interface Renewal {
  readonly sessionId: string;
  readonly expiresAt: number;
  readonly cancelRequested: boolean;
  readonly late: boolean;
}

export function renewalLine({ sessionId, expiresAt, late }: Renewal, now: number): string {
  return `still yours: session ${sessionId}, until ${moment(expiresAt, now)}${late ? '; it came late, nobody had taken over' : ''}`;
}

export function renewalChatter({ cancelRequested }: Renewal): string[] {
  return cancelRequested ? ['cancellation was asked: finish up, then orchestrator release --outcome cancelled'] : [];
}
