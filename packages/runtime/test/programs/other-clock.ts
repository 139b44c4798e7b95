/** A process whose wall clock is ahead of the machine's: it works when the test says so, and its clock can be set. */
import { settings, tell } from '../../../storage-sqlite/test/programs/parent.ts';
import { openOrchestrator, OrchestratorError } from '../../src/index.ts';
import { commandIds } from '../../src/system/command-id.ts';

const { url, aheadMs } = settings() as { readonly url: string; readonly aheadMs: number };

const MONTH_MS = 30 * 86_400_000;

let ahead = aheadMs;
const machineNow = Date.now;
Date.now = () => machineNow() + ahead;

const orchestrator = await openOrchestrator(url);
const ACTIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  enqueue: () => orchestrator.enqueueTask({ backoffMs: 1_000 }),
  delay: () => orchestrator.enqueueTask({ delayMs: 60_000 }),
  async fail() {
    const claim = await orchestrator.claimTask({ agent: 'a' });
    if (!claim.ok) throw new Error(`nothing was claimed: ${claim.reason}`);
    await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'failed', error: { message: 'no' } });
  },
  recover: () => orchestrator.staleRecovery(),
  reuse_old_id: () => orchestrator.enqueueTask({ commandId: commandIds(() => machineNow() - MONTH_MS)() }),
  async set_right() {
    ahead = 0;
  },
};
process.on('message', ({ is }: { readonly is: string }) => {
  void ACTIONS[is]?.().then(
    () => tell('done', { code: null }),
    (error: unknown) => tell('done', { code: error instanceof OrchestratorError ? error.code : String(error) }),
  );
});
tell('ready');
