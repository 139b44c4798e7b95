import { mayMakeGroup } from './control-group.ts';
import { canExecuteKeeper } from './keeper.ts';

/** What sees all that `run` starts here; `nothing`: it cannot be proved that all of it has ended. */
export type Guarantee = 'cgroup' | 'keeper' | 'nothing';

export function guaranteeHere(): Guarantee {
  if (!canExecuteKeeper()) return 'nothing';
  return mayMakeGroup() ? 'cgroup' : 'keeper';
}
