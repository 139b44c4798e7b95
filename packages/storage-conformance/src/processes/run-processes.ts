import { DEFAULTS, OrchestratorReads, PENDING_STATUSES, type Storage } from '@agent-orchestrator/core';
import { planDisturbances, planFailpoint, planFailpoints, type Disturbance } from './disturbances.ts';
import { nameOf, type Failpoint } from './failpoint.ts';
import { OneProcess } from './process-group.ts';
import { Random } from './random.ts';
import { judgeRun, type ProcessReport } from './report.ts';
import type {
  Disturbed,
  FromProcess,
  Incident,
  Machine,
  OpenProcess,
  ProcessRun,
  ProcessSettings,
} from './settings.ts';
import { whenReachable } from './when-reachable.ts';
import { agentName } from './workload.ts';

/**
 * Lets many processes do many tasks on one store, and kills and halts them while they do. Each is restarted under its
 * name, sends again what was not answered, and takes back what it held. When every task has succeeded, all are told to
 * finish, and the run is checked by the log and the journals. The store must have been migrated.
 */
export async function runProcesses(run: ProcessRun): Promise<ProcessReport> {
  const { open } = (await import(run.child.href)) as OpenProcess;
  const storage = await open(run.address);
  try {
    const supervisor = new Supervisor(run, storage);
    const counts = await supervisor.supervise();
    return await judgeRun(run, counts, storage);
  } finally {
    await storage.close();
  }
}

class Supervisor {
  readonly #run: ProcessRun;
  readonly #storage: Storage;
  readonly #reads: OrchestratorReads;
  readonly #random: Random;
  readonly #chance: Random;
  readonly #plan: Disturbance[];
  readonly #alive = new Set<OneProcess>();
  readonly #paused = new Set<OneProcess>();
  /** Killed on purpose, and how long each stays away. */
  readonly #doomed = new Map<OneProcess, number>();
  readonly #done = Promise.withResolvers<void>();
  readonly #counts: Disturbed = {
    kills: 0,
    failpoints: 0,
    reached: {},
    pauses: 0,
    starts: 0,
    incidents: {},
    crashes: [],
    startedAt: Date.now(),
    durationMs: 0,
  };
  /** Still to be given to a worker. */
  readonly #failpoints: Failpoint[];
  /** Restarted workers that still send again what had no answer: it may add a task. */
  readonly #catchingUp = new Set<OneProcess>();
  #steps = 0;
  #away = 0;
  /** The incidents of now, and those that wait for their end. */
  #incidents = Promise.resolve();
  #incidentsOpen = 0;
  #finishing = false;
  #over = false;

  constructor(run: ProcessRun, storage: Storage) {
    this.#run = run;
    this.#storage = storage;
    this.#reads = new OrchestratorReads(storage, DEFAULTS.namespace);
    this.#random = new Random(run.seed, 'supervisor');
    this.#chance = new Random(run.seed, 'incidents');
    const { failpoints } = run;
    this.#failpoints =
      typeof failpoints === 'number'
        ? Array.from({ length: failpoints }, () => planFailpoint(this.#random))
        : planFailpoints(this.#random, failpoints.at, failpoints.times);
    this.#plan = planDisturbances(this.#random, run);
  }

  async supervise(): Promise<Disturbed> {
    const unwatch = await this.#storage.watch(() => void this.#look().catch(this.#done.reject));
    const tooLong = setTimeout(() => this.#done.reject(this.#tooLong()), this.#run.timeoutMs);
    try {
      for (let number = 0; number < this.#run.workers; number += 1)
        this.#start({ role: 'worker', agent: agentName(number), number, run: 1 });
      this.#start({ role: 'follower', agent: 'follower', number: 0, run: 1 });
      await this.#done.promise;
    } finally {
      clearTimeout(tooLong);
      await unwatch();
      this.#over = true;
      for (const process of this.#alive) process.signal('SIGKILL');
    }
    this.#counts.durationMs = Date.now() - this.#counts.startedAt;
    return this.#counts;
  }

  /** Says what was still awaited. */
  #tooLong(): Error {
    const seeking = [...this.#alive].flatMap(({ settings: { failpoint } }) => (failpoint === null ? [] : [failpoint]));
    const left = [...seeking, ...this.#failpoints].map((failpoint) => nameOf(failpoint) ?? failpoint.moment);
    return new Error(`the run took longer than ${this.#run.timeoutMs} ms; failpoints left: ${left.join(' ')}`);
  }

  #start(settings: Omit<ProcessSettings, 'workload' | 'failpoint'>): void {
    if (this.#over) return;
    const failpoint = settings.role === 'worker' ? (this.#failpoints.shift() ?? null) : null;
    this.#counts.starts += 1;
    const { seed, child, folder, workers, tasks, sharedSessions, ttlMs, staleAfterMs } = this.#run;
    const { address, command } = this.#machineOf(settings);
    const workload = { seed, child: child.href, address, folder, workers, tasks, sharedSessions, ttlMs, staleAfterMs };
    const started = new OneProcess({ ...settings, failpoint, workload }, command, {
      onMessage: (process, message) => this.#told(process, message),
      onExit: (process, code, signal) => this.#exited(process, code, signal),
    });
    this.#alive.add(started);
    if (settings.role === 'worker') this.#catchingUp.add(started);
  }

  /** The follower stays where the run is supervised. */
  #machineOf({ role, number }: Pick<ProcessSettings, 'role' | 'number'>): Machine {
    const { machines = [], address } = this.#run;
    return (role === 'worker' ? machines[number % machines.length] : undefined) ?? { address, command: [] };
  }

  #told(process: OneProcess, message: FromProcess): void {
    // Before that it would not have heard.
    if (message.is === 'ready' && this.#finishing) process.finish();
    if (message.is === 'caught_up') {
      this.#catchingUp.delete(process);
      void this.#look().catch(this.#done.reject);
    }
    if (message.is !== 'step') return;
    this.#steps += 1;
    const [next] = this.#plan;
    // The process that took the step is hit, in the middle of what it does next.
    if (next === undefined || this.#steps < next.atStep || this.#finishing) return;
    if (next.kind !== 'incident' && (this.#doomed.has(process) || this.#paused.has(process))) return;
    this.#plan.shift();
    if (next.kind === 'incident') this.#happens(next.incident);
    else if (next.kind === 'kill') this.#kill(process, next.long ? this.#longMs() : 0);
    else this.#pause(process);
  }

  #kill(process: OneProcess, awayMs: number): void {
    this.#counts.kills += 1;
    this.#doomed.set(process, awayMs);
    process.signal('SIGKILL');
  }

  /** Time itself is what is waited for here: the process must sleep through the end of its lease. */
  #pause(process: OneProcess): void {
    this.#counts.pauses += 1;
    this.#paused.add(process);
    process.signal('SIGSTOP');
    setTimeout(() => {
      this.#paused.delete(process);
      process.signal('SIGCONT');
    }, this.#longMs());
  }

  /** The run continues meanwhile, and does not end before the incident. */
  #happens({ name, happen }: Incident): void {
    this.#counts.incidents[name] = (this.#counts.incidents[name] ?? 0) + 1;
    this.#incidentsOpen += 1;
    this.#incidents = this.#incidents
      .then(() => happen(this.#chance))
      .then(() => {
        this.#incidentsOpen -= 1;
        return this.#look();
      })
      .catch(this.#done.reject);
  }

  #longMs(): number {
    return Math.max(this.#run.ttlMs, this.#run.staleAfterMs) + 500;
  }

  #exited(process: OneProcess, code: number | null, signal: string | null): void {
    this.#alive.delete(process);
    this.#catchingUp.delete(process);
    const { settings } = process;
    const awayMs = this.#doomed.get(process) ?? 0;
    if (signal === 'SIGKILL' && !this.#doomed.has(process)) this.#reached(settings.failpoint);
    else if (settings.failpoint !== null && this.#run.tasks === null) this.#failpoints.push(settings.failpoint);
    if (signal === 'SIGKILL') {
      this.#away += 1;
      setTimeout(() => {
        this.#away -= 1;
        this.#start({ ...settings, run: settings.run + 1 });
      }, awayMs);
    } else if (code !== 0) {
      this.#counts.crashes.push(`${settings.agent}.${settings.run} ended with ${signal ?? `exit code ${code}`}`);
      this.#done.reject(new Error(this.#counts.crashes.at(-1)));
    } else if (this.#alive.size + this.#away === 0) this.#done.resolve();
  }

  #reached(failpoint: Failpoint | null): void {
    this.#counts.failpoints += 1;
    const name = failpoint === null ? null : nameOf(failpoint);
    if (name !== null) this.#counts.reached[name] = (this.#counts.reached[name] ?? 0) + 1;
  }

  /** All may finish once every task has succeeded, and no process is left that adds some. */
  async #look(): Promise<void> {
    if (this.#finishing || this.#incidentsOpen > 0) return;
    const { tasks } = await whenReachable(() => this.#reads.counts(DEFAULTS.namespace, (this.#run.tasks ?? 0) + 1));
    const open = tasks.running > 0 || PENDING_STATUSES.some((status) => tasks[status] > 0);
    if (open || this.#adding() || tasks.succeeded < (this.#run.tasks ?? 0)) return;
    if (this.#finishing || this.#incidentsOpen > 0) return;
    this.#finishing = true;
    for (const process of this.#alive) process.finish();
  }

  /** Whether there are workers, or will be, that add tasks until they reach their failpoint. */
  #adding(): boolean {
    const seeking = [...this.#alive].some(({ settings }) => settings.failpoint !== null);
    const isCatchingUp = this.#away + this.#catchingUp.size > 0;
    return this.#run.tasks === null && (this.#failpoints.length > 0 || isCatchingUp || seeking);
  }
}
