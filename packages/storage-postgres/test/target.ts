import type { Target } from '@agent-orchestrator/storage-conformance';
import { afterAll } from 'vitest';
import { CaseDatabases, type CaseDatabasesOptions } from './case-databases.ts';
import { offerOf } from './offer.ts';
import type { OpenedPostgres } from './opened.ts';

export interface TargetOptions extends CaseDatabasesOptions {
  readonly name: string;
  readonly walk?: Target['walk'];
}

/** A target for the suite. */
export function targetOf({ name, walk = {}, ...options }: TargetOptions): Target<OpenedPostgres> {
  const databases = new CaseDatabases(options);
  const inOrder = new CaseDatabases({ ...options, inOrder: true });
  afterAll(() => Promise.all([databases.drop(), inOrder.drop()]));
  return {
    name,
    walk: { ...walk, open: () => inOrder.open() },
    ...offerOf(databases),
    open: () => databases.open(),
  };
}
