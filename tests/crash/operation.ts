import {
  backupStore,
  importLegacy,
  moveStore,
  newCommandId,
  openOrchestrator,
  openStorage,
  restoreStore,
} from '@agent-orchestrator/runtime';

/** What takes many writes, and may be killed between any two. */
export type Operation =
  | { readonly is: 'migrate'; readonly store: string }
  | { readonly is: 'backup'; readonly store: string; readonly file: string }
  | { readonly is: 'restore'; readonly file: string; readonly store: string }
  | { readonly is: 'move'; readonly from: string; readonly to: string }
  | { readonly is: 'import'; readonly file: string; readonly store: string }
  /** Of all that are stale, and before it the pass after a clock jump, if one is due. */
  | { readonly is: 'recover'; readonly store: string };

/** Few, so that there are many pages. */
const RECOVERED_AT_ONCE = 20;

/** Does it, from wherever it was cut off. */
export async function operate(operation: Operation): Promise<void> {
  switch (operation.is) {
    case 'migrate':
      return migrate(operation.store);
    case 'backup':
      return void (await backupStore(operation));
    case 'restore':
      return void (await restoreStore(operation));
    case 'move':
      return void (await moveStore(operation));
    case 'import':
      return void (await importLegacy({ ...operation, apply: true }));
    case 'recover':
      return recover(operation.store);
  }
}

async function migrate(store: string): Promise<void> {
  const storage = await openStorage(store);
  await storage.migrate();
  await storage.close();
}

async function recover(store: string): Promise<void> {
  await using orchestrator = await openOrchestrator(store);
  for (let more = true; more;)
    ({ more } = await orchestrator.staleRecovery({ commandId: newCommandId(), limit: RECOVERED_AT_ONCE }));
}
