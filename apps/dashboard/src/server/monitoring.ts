import type { Orchestrator } from '@agent-orchestrator/core';
import {
  familiesOf,
  HEALTH_WINDOW_MS,
  locateStore,
  prometheusText,
  readHealth,
  readRefusals,
  readTotals,
  TotalsFile,
  type Health,
  type Thresholds,
  thresholdValues,
} from '@agent-orchestrator/runtime';
import type { Follower } from '../fold/follower.ts';
import { inTime, LOST_MS } from '../fold/in-time.ts';
import { SharedQuestions } from '../fold/shared-questions.ts';

/** A store that is behind for longer is not ready. */
const LAG_MAX_MS = 5_000;
/** The store is asked at least so often. */
const ASKED_EVERY_MS = 2_000;
/** Checks that come faster share an answer. */
const HEALTH_MS = 2_000;

/** What `/health/ready` says. */
export interface Readiness {
  readonly ready: boolean;
  readonly status: Health['status'];
  /** The code of what is wrong. */
  readonly problem: string | null;
}

interface MonitoringOptions {
  readonly thresholds: Thresholds;
  readonly version: string;
  readonly clock: () => number;
  readonly health?: typeof readHealth;
}

/** What a monitoring system asks. */
export class Monitoring {
  readonly #store: string;
  readonly #orchestrator: Orchestrator;
  readonly #follower: Follower;
  readonly #thresholds: Thresholds;
  readonly #version: string;
  readonly #clock: () => number;
  readonly #readHealth: typeof readHealth;
  readonly #scrapes = new SharedQuestions<string>();
  readonly #checks = new SharedQuestions<Health>();
  #health: { readonly at: number; readonly answer: Health } | null = null;

  constructor(
    store: string,
    orchestrator: Orchestrator,
    follower: Follower,
    { thresholds, version, clock, health = readHealth }: MonitoringOptions,
  ) {
    this.#store = store;
    this.#orchestrator = orchestrator;
    this.#follower = follower;
    this.#thresholds = thresholds;
    this.#version = version;
    this.#clock = clock;
    this.#readHealth = health;
  }

  /** The totals of the whole log, of all namespaces. One scrape at a time reads; others get its answer. */
  async metrics(): Promise<string> {
    return this.#scrapes.ask('metrics', () => inTime(this.#measure(), LOST_MS));
  }

  async readiness(): Promise<Readiness> {
    const { status, problem } = await this.#checks.ask('health', () => inTime(this.#check(), LOST_MS));
    if (problem !== null) return { ready: false, status, problem: problem.code };
    const { phase, error } = this.#follower.state;
    const isLate = phase === 'failed' || this.#lagMs() > LAG_MAX_MS;
    return { ready: !isLate, status, problem: isLate ? (error?.code ?? 'BEHIND') : null };
  }

  async #check(): Promise<Health> {
    if (this.#health === null || this.#clock() - this.#health.at > HEALTH_MS) {
      const answer = await this.#readHealth(this.#store, { thresholds: thresholdValues(this.#thresholds) });
      this.#health = { at: this.#clock(), answer };
    }
    return this.#health.answer;
  }

  /** Since when it may lack events: some are settled, or the store does not answer. */
  #lagMs(): number {
    const { behindSince, answeredAt } = this.#follower.state;
    const silentMs = this.#clock() - answeredAt;
    return Math.max(behindSince === null ? 0 : this.#clock() - behindSince, silentMs < ASKED_EVERY_MS ? 0 : silentMs);
  }

  async #measure(): Promise<string> {
    const { location } = await locateStore(this.#store);
    const totals = new TotalsFile(location.url, null);
    const question = { sinceMs: HEALTH_WINDOW_MS, refusals: (from: number) => readRefusals(location.url, from) };
    const { tally } = await readTotals(this.#orchestrator, question, totals);
    const { check, state } = this.#follower;
    tally.set('build_info', [this.#version, location.scheme], 1);
    const labels = [this.#orchestrator.defaultNamespace];
    // It has checked every event of its namespace up to there; the last of them may have a smaller number.
    tally.set('log_verified_event', labels, state.asOf);
    tally.set('log_verify_findings', labels, check.mistakeCount);
    tally.set('follower_lag_seconds', labels, this.#lagMs() / 1_000);
    return prometheusText(familiesOf(tally));
  }
}
