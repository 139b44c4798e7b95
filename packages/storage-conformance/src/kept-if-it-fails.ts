import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder, of which a failed test prints the path and which a passed one removes. */
export function keptIfItFails(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-processes-'));
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.log(`what the test left is kept in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
