import { withDecision, withLoaded, withScope, type Mutant } from './mutant.ts';

export const receipts: readonly Mutant[] = [
  {
    name: 'receipts are not saved',
    chapter: '4. a duplicate is skipped',
    wrap: withDecision((decision) => ({ ...decision, receipt: null })),
  },
  {
    name: 'receipts are not looked up',
    chapter: '4. a duplicate is skipped',
    wrap: withScope(({ commandId: _commandId, ...scope }) => scope),
  },
  {
    name: 'receipts are found whatever the request was',
    chapter: 'receipts',
    wrap: withLoaded((loaded) =>
      loaded.receipt === null ? loaded : { ...loaded, receipt: null, sessions: [], tasks: [] },
    ),
  },
  {
    name: 'receipts of other namespaces are found',
    chapter: 'receipts',
    wrap: withLoaded((loaded, { commandId }, { data }) => {
      const found = [...data.receipts.values()].find((receipt) => receipt.commandId === commandId);
      return found === undefined ? loaded : { ...loaded, receipt: found };
    }),
  },
  {
    name: 'receipts are never cleared away',
    chapter: 'receipts',
    wrap: withDecision((decision) => ({ ...decision, forgetReceiptsAt: 0 })),
  },
  {
    name: 'receipts are cleared away too early',
    chapter: 'receipts',
    wrap: withDecision((decision, { now }) => ({ ...decision, forgetReceiptsAt: now - 86_400_000 })),
  },
];
