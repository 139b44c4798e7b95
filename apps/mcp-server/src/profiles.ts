import { checkpoint } from './tools/checkpoint.ts';
import { claimTask } from './tools/claim-task.ts';
import { enqueueTask } from './tools/enqueue-task.ts';
import { OPERATOR_TOOLS } from './tools/operator.ts';
import { releaseTask } from './tools/release-task.ts';
import { resume } from './tools/resume.ts';
import { taskStatus } from './tools/task-status.ts';
import type { Tool } from './tools/tool.ts';

export const AGENT_TOOLS: readonly Tool[] = [resume, claimTask, checkpoint, releaseTask, enqueueTask, taskStatus];

export const AGENT_TOOL_NAMES: readonly string[] = AGENT_TOOLS.map(({ name }) => name);

/** Which tools a server offers, in the order in which they are listed. */
export const PROFILES = {
  agent: AGENT_TOOLS,
  operator: [...AGENT_TOOLS, ...OPERATOR_TOOLS],
} as const satisfies Record<string, readonly Tool[]>;

export type Profile = keyof typeof PROFILES;
