// The promises of every agent host, in the real one.
import { openClaw } from './support/openclaw.ts';
import { promisesOf } from './support/promises.ts';

promisesOf(await openClaw());
