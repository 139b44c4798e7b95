import { ERRORS } from '@agent-orchestrator/core';

/** The error codes, from core's model/errors.ts. */
export default {
  page: 'docs/errors.md',
  generate: () => `# Errors

Generated from \`packages/core/src/model/errors.ts\` by \`npm run docs\`.

A lost race is a value (\`ok: false\` with a \`reason\`); a mistake or an outage throws an \`OrchestratorError\` with
one of these codes, a \`hint\` that names the next step, and \`retryable\`. The command line's exit codes:
\`orchestrator help exit-codes\`.

${Object.entries(ERRORS).map(section).join('\n')}`,
};

function section([code, { means, hint, retryable }]: [
  string,
  { means: string; hint: string; retryable: boolean },
]): string {
  const again = retryable ? 'The same call may succeed later.' : 'The same call will fail again.';
  return `## ${code}\n\n${means} ${hint}\n\n${again}\n`;
}
