// The promises of every agent host, in the real one.
import { codex } from './support/codex.ts';
import { promisesOf } from './support/promises.ts';

promisesOf(await codex());
