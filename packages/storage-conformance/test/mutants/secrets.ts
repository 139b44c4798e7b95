import type { EventPayloads } from '@agent-orchestrator/core';
import { withDecision, withLoaded, type Mutant } from './mutant.ts';

const CHAPTER = 'fence and token';

export const secrets: readonly Mutant[] = [
  {
    name: 'receipts keep whole answers, with their tokens',
    chapter: CHAPTER,
    wrap: withDecision((decision) => {
      const { receipt, reply } = decision;
      if (receipt === null) return decision;
      const kept = { ...(JSON.parse(receipt.reply) as object), whole: reply };
      return { ...decision, receipt: { ...receipt, reply: JSON.stringify(kept) } };
    }),
  },
  {
    name: 'the lease of a session is known by its instance',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => {
      const [one] = loaded.named;
      const [found, ...others] = loaded.sessions;
      const grant = one?.endedLease?.grant;
      if (!one || !found || !grant || grant.instance === null || grant.instance !== found.session.instance)
        return loaded;
      const { token_hash: tokenHash } = JSON.parse(grant.payload) as EventPayloads['task.claimed'];
      return {
        ...loaded,
        named: [{ ...one, endedLease: null }, ...loaded.named.slice(1)],
        sessions: [{ ...found, session: { ...found.session, tokenHash } }, ...others],
      };
    }),
  },
];
