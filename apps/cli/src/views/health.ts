import type { Health } from '@agent-orchestrator/runtime';
import { state, type Paint } from '../output/style.ts';
import { figureLines } from './metrics.ts';

/** The verdict, then why. */
export function healthLines({ status, url, problem, figures }: Omit<Health, 'asOf'>, paint: Paint): string[] {
  return [
    `${state(status, paint)}  ${url}`,
    ...(problem === null ? [] : [`  ${problem.message} [${problem.code}]`]),
    ...(typeof problem?.hint === 'string' ? [`  ${problem.hint}`] : []),
    ...(figures.length === 0 ? [] : figureLines(figures, paint)),
  ];
}
