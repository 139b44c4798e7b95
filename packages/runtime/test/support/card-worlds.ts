import { Orchestrator, type ClaimRecord } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { readResume, resumeCard, type ResumeQuestion } from '../../src/index.ts';
import { FakeTime } from './fake-time.ts';

/** A store whose time a test owns, and what agents do in it. */
export class Office implements AsyncDisposable {
  readonly time = new FakeTime();
  readonly orchestrator: Orchestrator;

  constructor() {
    this.orchestrator = new Orchestrator({
      storage: openMemoryStorage({ clock: this.time }),
      newCommandId: this.time.newCommandId,
      newSeed: this.time.newSeed,
    });
  }

  async add(task: Parameters<Orchestrator['enqueueTask']>[0] = {}): Promise<string> {
    this.time.stop(1_000);
    return (await this.orchestrator.enqueueTask(task)).task.id;
  }

  async claim(call: Partial<Parameters<Orchestrator['claimTask']>[0]> = {}): Promise<ClaimRecord> {
    this.time.stop(1_000);
    const claimed = await this.orchestrator.claimTask({ agent: 'company-agent', ...call });
    if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
    return claimed;
  }

  async checkpoint(claim: ClaimRecord, saved: Omit<Parameters<Orchestrator['checkpoint']>[0], 'token'>) {
    this.time.stop(1_000);
    return this.orchestrator.checkpoint({ token: claim.lease.token, ...saved });
  }

  async release(claim: ClaimRecord, how: Omit<Parameters<Orchestrator['releaseTask']>[0], 'token'>) {
    this.time.stop(1_000);
    return this.orchestrator.releaseTask({ token: claim.lease.token, ...how });
  }

  async card(question: ResumeQuestion = { agent: 'company-agent' }, budget?: number): Promise<string> {
    return resumeCard(await readResume(this.orchestrator, question), budget);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.orchestrator[Symbol.asyncDispose]();
  }
}

const CODE_LINE =
  'for (const [id, row] of rows) if (!seen.has(id)) { seen.add(id); out.push({ ...row, n: row.n + 1 }); }\n';

/** Texts that tokenizers take to very differently: each is stored wherever text can be. */
export const TEXTS: Readonly<Record<string, string>> = {
  english: 'Counted the files of the first three folders; the totals agree with those of yesterday. '.repeat(40),
  korean: '어제 중단된 작업을 이어서 진행했고 나머지 폴더의 줄 수를 세는 중입니다. 다음에는 합계를 비교합니다. '.repeat(
    40,
  ),
  chinese: '昨天中断的工作已经继续，剩下的文件夹正在统计行数，接下来要比较总数。'.repeat(40),
  japanese: '昨日中断した作業を続け、残りのフォルダーの行数を数えています。次に合計を比べます。'.repeat(40),
  emoji: '🚀✅🧪👩‍💻🏳️‍🌈🇰🇷🫠🦩🪩 done 🎉 '.repeat(60),
  code: CODE_LINE.repeat(30),
  json: JSON.stringify({
    files: Array.from({ length: 200 }, (_, at) => ({ path: `src/a/${at}.ts`, lines: at * 37, ok: at % 2 === 0 })),
  }).slice(0, 4_000),
  hex: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'.repeat(60).slice(0, 4_000),
  uuids: '01a2039b-752b-7000-a7e5-af1590437d46 '.repeat(100),
  digits: '1795356850662000 2026-11-22T14:16:10Z 0.30000000000000004 '.repeat(60),
  arabic: 'تم عد الملفات في المجلدات الثلاثة الأولى والمجاميع مطابقة لمجاميع الأمس. '.repeat(40),
  devanagari: 'पहले तीन फ़ोल्डरों की फ़ाइलें गिनी गईं और योग कल के योग से मेल खाते हैं। '.repeat(40),
  control: '\u001b[2J\u0007\r\n\t\u202e\u200b'.repeat(300),
  punctuation: '~!@#$%^&*()_+{}|:"<>?`-=[];\',./ '.repeat(100),
};
