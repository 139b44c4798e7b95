import { inheritedDescriptors } from '@agent-orchestrator/runtime/descriptors';

/**
 * The descriptors beyond 2 for the command of `run`. A file of its own, which bin/orchestrator.js loads before all
 * else: at its first use of a standard stream, Node opens further ones, which look the same. Even the import of
 * `node:util` is such a use.
 */
export const descriptors = inheritedDescriptors();
