/** Parts that the script writes, one checkpoint each. */
export const REPORT_PARTS = 8;

/**
 * An agent as a script, which knows nothing about leases. It finds the context in a file that its environment names.
 * `orchestrator checkpoint` takes the token from the environment.
 */
export const REPORT_SCRIPT = `import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as work } from 'node:timers/promises';

console.log(\`process \${process.pid}\`);
const context = JSON.parse(readFileSync(process.env.ORCHESTRATOR_CONTEXT_FILE, 'utf8'));
for (let part = (context?.data ?? 0) + 1; part <= ${REPORT_PARTS}; part += 1) {
  await work(400);
  const saved = ['--data', part, '--last-action', \`wrote part \${part}\`];
  const words = [...saved, '--next-action', \`write part \${part + 1}\`];
  execFileSync(process.execPath, [process.env.ORCHESTRATOR_PROGRAM, 'checkpoint', ...words]);
  console.log(\`part \${part} of ${REPORT_PARTS}\`);
}
`;
