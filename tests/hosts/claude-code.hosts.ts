// The promises of every agent host, in the real one.
import { claudeCode } from './support/claude-code.ts';
import { promisesOf } from './support/promises.ts';

promisesOf(await claudeCode());
