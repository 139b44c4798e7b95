import { Argument, Option } from 'commander';
import { HOST_NAMES, SCOPES, type Scope } from '../hosts/host.ts';

/** The words that the commands for agent hosts have in common. */
export interface HostOptions {
  readonly scope: Scope;
  readonly yes?: true;
  readonly dryRun?: true;
}

export function hostArgument(): Argument {
  return new Argument('<host>', 'the agent host').choices(HOST_NAMES);
}

export function scopeOption(): Option {
  return new Option('--scope <scope>', 'user: this user; project: all users of this folder; local: this user in it')
    .choices(SCOPES)
    .default('user', 'user');
}

export const YES = ['--yes', 'agree to the change that is shown'] as const;
export const DRY_RUN = ['--dry-run', 'show the change and do nothing'] as const;
