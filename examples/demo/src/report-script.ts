/** Parts that the script writes, one checkpoint each. */
export const REPORT_PARTS = 8;

/**
 * An agent as a script: it knows nothing of leases, and finds in its environment what it needs. What it is to go on with stands in
 * the context; `orchestrator checkpoint` takes the token from the environment.
 */
export const REPORT_SCRIPT = `import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as work } from 'node:timers/promises';

console.log(\`process \${process.pid}\`);
const context = JSON.parse(readFileSync(process.env.ORCHESTRATOR_CONTEXT_FILE, 'utf8'));
for (let part = (context?.data ?? 0) + 1; part <= ${REPORT_PARTS}; part += 1) {
  await work(400);
  const words = ['--data', part, '--last-action', \`wrote part \${part}\`, '--next-action', \`write part \${part + 1}\`];
  execFileSync(process.execPath, [process.env.ORCHESTRATOR_PROGRAM, 'checkpoint', ...words]);
  console.log(\`part \${part} of ${REPORT_PARTS}\`);
}
`;
