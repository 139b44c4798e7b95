import { agents } from './agents.ts';
import { commands } from './commands.ts';
import { dependencies } from './dependencies.ts';
import { followers } from './followers.ts';
import { keys } from './keys.ts';
import { leases } from './leases.ts';
import type { PlantedFault } from './planted-fault.ts';
import { questions } from './questions.ts';
import { recovery } from './recovery.ts';
import { reviews } from './reviews.ts';
import { stateAndChain } from './state-and-chain.ts';

/** Faults for every invariant, each to be found as a breach of it. */
export const PLANTED_FAULTS: readonly PlantedFault[] = [
  ...leases,
  ...commands,
  ...stateAndChain,
  ...recovery,
  ...reviews,
  ...followers,
  ...keys,
  ...questions,
  ...agents,
  ...dependencies,
];
