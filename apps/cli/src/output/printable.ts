/** Imported by its own path: most answers need nothing else of the runtime. */
export { IN_NO_ID, printable, shorten, widthOf } from '@agent-orchestrator/runtime/printable';
