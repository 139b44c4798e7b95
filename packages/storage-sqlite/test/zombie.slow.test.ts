import { setTimeout } from 'node:timers/promises';
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { keptIfItFails } from './crowd.ts';
import { newSeed } from './new-seed.ts';
import { Program } from './program.ts';
import { judge, WHOLE } from './whole.ts';

test(
  'a process that was halted beyond its lease is refused when it continues, and the log has it once',
  { timeout: 60_000 },
  async () => {
    const folder = keptIfItFails();
    const path = `${folder}/store.db`;
    const storage = await openSqliteStorage({ path });
    await storage.migrate();
    const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
    const { task } = await orchestrator.enqueueTask({});
    const zombie = new Program('zombie', folder, { path, ttlMs: 1_000 });
    const { sessionId, fence, expiresAt } = await zombie.said('claimed');

    zombie.signal('SIGSTOP');
    // Its lease has to run out: only time does that.
    await setTimeout(Number(expiresAt) - Date.now() + 20);
    const claim = await orchestrator.claimTask({ agent: 'successor', sessionId: task.sessionId });
    zombie.tell('continue');
    zombie.signal('SIGCONT');
    const answered = await zombie.said('answered');

    expect(claim).toMatchObject({ ok: true, takeover: { from: { agent: 'zombie', fence }, reason: 'expired' } });
    const refused = { ok: false, reason: 'lease_lost', endedBy: 'lease.taken_over', successor: { agent: 'successor' } };
    expect(answered).toMatchObject({ checkpoint: refused, heartbeat: refused, release: refused });
    expect(await orchestrator.getSession(String(sessionId))).toMatchObject({ agent: 'successor', context: null });
    expect(await zombie.exited()).toEqual({ code: 0, signal: null });
    await storage.close();
    const { whole, events } = await judge(path);
    expect(whole).toEqual(WHOLE);
    expect(events.filter(({ type }) => type === 'lease.refused')).toHaveLength(1);
  },
);
