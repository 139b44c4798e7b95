import type { Storage } from '@agent-orchestrator/core';
import { Orchestrator } from '@agent-orchestrator/core';
import { randomBytes, randomUUID } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { openPostgresStorage, type PostgresStorageOptions } from '../src/index.ts';
import { createDatabase, type TestDatabase } from './harness/databases.ts';

/** A database that goes with the test. */
export async function newDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const database = await createDatabase(inject('postgresUrl'), options);
  onTestFinished(() => database.drop());
  return database;
}

/** A storage that closes with the test, before its database goes. */
export async function openStorage(url: string, options: Partial<PostgresStorageOptions> = {}): Promise<Storage> {
  const storage = await openPostgresStorage({ url, ...options });
  onTestFinished(() => storage.close());
  return storage;
}

/** An orchestrator on a storage, with command ids of the present time. */
export function orchestratorOn(storage: Storage): Orchestrator {
  return new Orchestrator({ storage, newCommandId, newSeed: () => randomBytes(16).toString('hex') });
}

function newCommandId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`it was not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a change is told within a second. */
export async function isTold(watching: Storage, changing: Storage): Promise<boolean> {
  const told = Promise.withResolvers<boolean>();
  const stop = await watching.watch(() => told.resolve(true));
  await orchestratorOn(changing).enqueueTask({});
  const timer = setTimeout(() => told.resolve(false), 1_000);
  const result = await told.promise;
  clearTimeout(timer);
  await stop();
  return result;
}

/** The warnings with this code that this process gives from now on. */
export function warningsOf(code: string): readonly string[] {
  const warnings: string[] = [];
  process.on('warning', (warning) => {
    if ('code' in warning && warning.code === code) warnings.push(warning.message);
  });
  return warnings;
}
