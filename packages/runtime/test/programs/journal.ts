// Keeps a journal in a folder: one call for each size, answered with so many characters.
// Tells, as JSON, which answers it has.
import { OrchestratorError } from '@agent-orchestrator/core';
import { JournalWriter } from '../../src/work/journal-writer.ts';

const [folder = '', ...sizes] = process.argv.slice(2);
const journal = new JournalWriter({ folder, agent: 'a', instance: 'a.1' });
const told: (number | string)[] = [];
for (const size of sizes) {
  const call = journal.sent('claim', { agent: 'a', commandId: `of-${size}` }, false);
  try {
    await journal.answered(call, {
      ok: true,
      claims: [{ filling: 'x'.repeat(Number(size)) }],
    } as unknown as Parameters<JournalWriter['answered']>[1]);
    told.push(call);
  } catch (error) {
    told.push(error instanceof OrchestratorError ? error.code : String(error));
  }
}
journal.close();
process.stdout.write(JSON.stringify(told));
