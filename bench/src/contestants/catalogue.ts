import type { Open } from './contestant.ts';

/** All who take part. A process loads only the one that it is told to open. */
export const CONTESTANTS = {
  ours: async (seat) => (await import('./ours.ts')).openOurs(seat, 'one by one'),
  'ours, claim next': async (seat) => (await import('./ours.ts')).openOurs(seat, 'claim next'),
  'ours, batches': async (seat) => (await import('./ours.ts')).openOurs(seat, 'batches'),
  'raw SQLite': async (seat) => (await import('./raw-sqlite.ts')).openRawSqlite(seat),
  'raw Postgres': async (seat) => (await import('./raw-postgres.ts')).openRawPostgres(seat),
  plainjob: async (seat) => (await import('./plainjob.ts')).openPlainjob(seat),
  'graphile-worker': async (seat) => (await import('./graphile-worker.ts')).openGraphileWorker(seat, 'as it comes'),
  'graphile-worker, tuned': async (seat) => (await import('./graphile-worker.ts')).openGraphileWorker(seat, 'tuned'),
  'pg-boss': async (seat) => (await import('./pg-boss.ts')).openPgBoss(seat, 1),
  'pg-boss, batches': async (seat) => (await import('./pg-boss.ts')).openPgBoss(seat, 100),
} as const satisfies Record<string, Open>;

export type ContestantName = keyof typeof CONTESTANTS;
