import type { Examination, Finding, Subject } from '@agent-orchestrator/runtime';
import { state, type Paint } from '../output/style.ts';

/** The fixes, then the checks; each finding with its evidence and the next step. */
export function examinationLines({ findings, fixes, ok }: Examination, paint: Paint): string[] {
  return [
    ...fixes.map(
      ({ done, message }) => `${done ? paint('green', '✓ fixed    ') : paint('red', '✗ not done ')}${message}`,
    ),
    ...findings.flatMap((finding) => findingLines(finding, paint)),
    ok ? 'nothing needs attention' : paint('bold', `${attention(findings)} attention`),
  ];
}

/** The width of each column: its longest word, its glyph, and two spaces. */
const SEVERITY_COLUMNS = '! warning  '.length;
const CHECK_COLUMNS = 'unclaimed heads  '.length;

function findingLines({ check, severity, message, hint, events, subjects }: Finding, paint: Paint): string[] {
  const word = state(severity, paint) + ' '.repeat(SEVERITY_COLUMNS - '! '.length - severity.length);
  const indent = ' '.repeat(SEVERITY_COLUMNS);
  const shown = [
    ...(events.length === 0 ? [] : [`events ${events.map((id) => `#${id}`).join(' ')}`]),
    ...(subjects.length === 0 ? [] : [`sessions ${sessionsOf(subjects)}`]),
  ];
  return [
    `${word}${check.replaceAll('_', ' ').padEnd(CHECK_COLUMNS)}${message}`,
    ...(shown.length === 0 ? [] : [`${indent}${paint('dim', shown.join('; '))}`]),
    ...(hint === null ? [] : [`${indent}${hint}`]),
  ];
}

/** Each session once; without the namespace if it is the default. */
function sessionsOf(subjects: readonly Subject[]): string {
  const names = subjects.map(({ namespace, sessionId }) =>
    namespace === 'default' ? sessionId : `${sessionId} (namespace ${namespace})`,
  );
  return [...new Set(names)].join(', ');
}

function attention(findings: readonly Finding[]): string {
  const count = findings.filter(({ severity }) => severity === 'warning' || severity === 'error').length;
  return count === 1 ? '1 finding needs' : `${count} findings need`;
}
