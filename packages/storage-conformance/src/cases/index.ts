import type { Case } from '../chapter.ts';
import { agents } from './agents.ts';
import { attempts } from './attempts.ts';
import { cancellation } from './cancellation.ts';
import { receipts } from './receipts.ts';
import { replaysOfCommands } from './replays.ts';
import { fenceAndToken } from './fence-and-token.ts';
import { filling } from './filling.ts';
import { releaseBatches } from './release-batches.ts';
import { histories } from './histories.ts';
import { reviews } from './reviews.ts';
import { rows } from './rows.ts';
import { sessions } from './sessions.ts';
import { signatures } from './signatures.ts';
import { settledReads } from './settled.ts';
import { severalSessions } from './several-sessions.ts';
import { storeStates } from './store-states.ts';
import { zombies } from './zombies.ts';
import { leases } from './leases.ts';
import { limits } from './limits.ts';
import { groupCommit } from './group-commit.ts';
import { wakeUp } from './wake-up.ts';
import { clocks } from './clocks.ts';
import { otherClocks } from './other-clocks.ts';
import { sleepGrace } from './sleep-grace.ts';
import { names } from './names.ts';
import { namespaces } from './namespaces.ts';
import { numbers } from './numbers.ts';
import { reads } from './reads.ts';
import { why } from './why.ts';
import { closing } from './closing.ts';
import { restart } from './restart.ts';
import { capabilities } from './capabilities.ts';
import { lifecycle } from './lifecycle.ts';
import { processes } from './processes.ts';
import { randomWalk } from './random-walk.ts';
import { appendOnly } from './append-only.ts';
import { checkpointAndContext } from './checkpoint-and-context.ts';
import { claimAndRelease } from './claim-and-release.ts';
import { claimNext } from './claim-next.ts';
import { concurrentClaim } from './concurrent-claim.ts';
import { dependencies } from './dependencies.ts';
import { duplicates } from './duplicates.ts';
import { evidenceOfDeath } from './evidence-of-death.ts';
import { handOffs } from './hand-offs.ts';
import { headsForOthers } from './heads-for-others.ts';
import { heartbeat } from './heartbeat.ts';
import { order } from './order.ts';
import { questions } from './questions.ts';
import { recoveryRaces } from './recovery-races.ts';
import { resume } from './resume.ts';
import { staleRecovery } from './stale-recovery.ts';
import { takeover } from './takeover.ts';
import { untoldEnds } from './untold-ends.ts';
import { waitingForTasks } from './waiting-for-tasks.ts';

/** Every promise of the suite, in order: the four scenarios first. */
export const CASES: readonly Case[] = assertUnique([
  ...claimAndRelease,
  ...concurrentClaim,
  ...takeover,
  ...duplicates,
  ...dependencies,
  ...untoldEnds,
  ...staleRecovery,
  ...recoveryRaces,
  ...evidenceOfDeath,
  ...lifecycle,
  ...heartbeat,
  ...checkpointAndContext,
  ...order,
  ...headsForOthers,
  ...handOffs,
  ...agents,
  ...claimNext,
  ...releaseBatches,
  ...questions,
  ...waitingForTasks,
  ...reviews,
  ...signatures,
  ...resume,
  ...attempts,
  ...sessions,
  ...cancellation,
  ...zombies,
  ...fenceAndToken,
  ...replaysOfCommands,
  ...receipts,
  ...limits,
  ...groupCommit,
  ...severalSessions,
  ...wakeUp,
  ...clocks,
  ...sleepGrace,
  ...otherClocks,
  ...namespaces,
  ...names,
  ...numbers,
  ...reads,
  ...leases,
  ...histories,
  ...settledReads,
  ...why,
  ...closing,
  ...restart,
  ...processes,
  ...rows,
  ...filling,
  ...storeStates,
  ...capabilities,
  ...appendOnly,
  ...randomWalk,
]);

/** Skips name cases by their titles, so no two may have the same. */
function assertUnique(cases: readonly Case[]): readonly Case[] {
  const titles = new Set<string>();
  for (const { title } of cases) {
    if (titles.has(title)) throw new Error(`two cases have the title: ${title}`);
    titles.add(title);
  }
  return cases;
}
