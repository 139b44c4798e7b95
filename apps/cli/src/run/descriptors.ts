import { inheritedDescriptors } from '@agent-orchestrator/runtime/descriptors';

/**
 * The descriptors beyond 2 for the command of `run`. Imported before all else: at its first use of a standard stream,
 * Node opens further ones, which look the same.
 */
export const descriptors = process.argv.includes('run') ? inheritedDescriptors() : [];
