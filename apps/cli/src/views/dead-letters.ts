import { DEAD_LETTER_STATUSES } from '@agent-orchestrator/runtime';

const words = DEAD_LETTER_STATUSES.map((status) => `--status ${status}`);

/** The command that lists the dead letters. */
export const LIST_DEAD_LETTERS = ['orchestrator task list', ...words].join(' ');
