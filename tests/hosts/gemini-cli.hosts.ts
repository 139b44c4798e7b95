// The promises of every agent host, in the real one.
import { geminiCli } from './support/gemini-cli.ts';
import { promisesOf } from './support/promises.ts';

promisesOf(await geminiCli());
