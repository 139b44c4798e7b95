import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Orchestrator, type Lease } from '@agent-orchestrator/core';
import { newSeed } from '@agent-orchestrator/runtime';
import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';

const MINUTE = 60_000;
const HOURS = 6;

const AGENTS = ['claude-docs', 'codex-review', 'gemini-tests', 'home-agent', 'openclaw-night'];
const TITLES = [
  'Nightly report',
  '결제 오류 재현하기',
  'Reconcile invoices',
  'Summarise the thread',
  '문서 목차 정리',
  'Fix the flaky test',
  'Translate chapter 3',
  'Migrate the schema',
];

/** One worker on its machine, with a clock that all share. */
interface Worker {
  readonly agent: string;
  readonly orchestrator: Orchestrator;
  readonly process: { readonly host: string; readonly boot: string; readonly pid: number; readonly start: string };
  held: { readonly lease: Lease; readonly until: number } | null;
}

/** A store in which five agents worked for some hours: with failures, a question, a review, and holders that died. */
export async function playDay(): Promise<{
  readonly store: string;
  readonly begin: number;
  readonly drop: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-day-'));
  const path = join(folder, 'store.db');
  const begin = Date.now() - HOURS * 60 * MINUTE;
  let now = begin;
  const clock = { read: () => ({ wall: now, steady: now - begin, uptime: now - begin, boot: null }) };
  // A command id has the time at which it was made.
  const newCommandId = () => {
    const time = now.toString(16).padStart(12, '0');
    const random = randomUUID();
    return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
  };
  const storage = await openSqliteStorage({ path, clock });
  await storage.migrate();
  const workers: Worker[] = AGENTS.map((agent, at) => {
    const process = { host: at < 3 ? 'office-mac' : 'build-box', boot: 'b', pid: 100 + at, start: '1' };
    return {
      agent,
      process,
      held: null,
      orchestrator: new Orchestrator({
        storage,
        newCommandId,
        newSeed,
        machine: { host: process.host, boot: process.boot },
        process,
      }),
    };
  });
  const [first] = workers;
  let random = 7;
  const chance = () => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (; now < Date.now() - MINUTE; now += MINUTE) {
    const title = TITLES[Math.floor(chance() * TITLES.length)] ?? '';
    if (chance() < 0.35) await first?.orchestrator.enqueueTask({ title, attemptsMax: 1 });
    for (const worker of workers) await step(worker, now, chance);
  }
  now = Date.now();
  await storage.close();
  return { store: `sqlite:${path}`, begin, drop: () => rmSync(folder, { recursive: true, force: true }) };
}

async function step(worker: Worker, now: number, chance: () => number): Promise<void> {
  const { orchestrator, agent, held } = worker;
  const { host, boot, pid, start } = worker.process;
  if (held === null) {
    const claimed = await orchestrator.claimTask({ agent, ttlMs: 2 * MINUTE });
    if (claimed.ok) worker.held = { lease: claimed.lease, until: now + (2 + chance() * 18) * MINUTE };
    return;
  }
  const { token, sessionId, fence } = held.lease;
  if (now < held.until) {
    await orchestrator.heartbeat({ token });
    if (chance() < 0.2) await orchestrator.checkpoint({ token, nextAction: 'write the next part' });
    return;
  }
  worker.held = null;
  const outcome = chance();
  if (outcome < 0.1) {
    // It died a while ago; another process proves it.
    await orchestrator.staleRecovery({ evidence: [{ sessionId, fence, host, boot, pid, processStart: start }] });
    if (outcome < 0.04) await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  } else if (outcome < 0.14)
    await orchestrator.releaseTask({ token, outcome: 'failed', error: { message: 'the bank is closed' } });
  else if (outcome < 0.16)
    await orchestrator.releaseTask({
      token,
      outcome: 'waiting',
      ask: { question: 'Which column keeps the old name?' },
    });
  else if (outcome < 0.2)
    await orchestrator.releaseTask({
      token,
      outcome: 'handed_off',
      to: { agent: 'gemini-tests' },
      note: 'the glossary is done',
    });
  else await orchestrator.releaseTask({ token, outcome: 'succeeded' });
}
