import type { HostRun } from './host-run.ts';
import type { HostName } from './installed.ts';
import type { ScriptedModel, Step } from './scripted-model.ts';
import type { Workplace } from './workplace.ts';

/** What a host does in the tests, by its own means. */
export interface AgentHost {
  readonly name: HostName;
  /** The tools that it loads only when the model looks for them. */
  readonly deferred: readonly string[];
  /** A command line in its own shell. */
  readonly shell: (line: string) => Step;
  /** Makes its settings, with one more of its own, and gives it the plugin. */
  readonly prepare: (place: Workplace, model: ScriptedModel, setting?: string) => Promise<void>;
  /** Starts a turn with a prompt; `again`: of the conversation that was interrupted. */
  readonly start: (place: Workplace, model: ScriptedModel, prompt: string, again?: boolean) => HostRun;
}

/** A host that has a sandbox of its own for the commands of its shell. */
export interface SandboxingHost extends AgentHost {
  /** Switches it on, after `prepare`. @param writable a folder beside the workspace that commands may write */
  readonly sandbox: (place: Workplace, writable?: string) => Promise<void>;
}
