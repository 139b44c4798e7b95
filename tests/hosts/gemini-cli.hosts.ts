// The promises of every agent host, in the real one.
import { geminiCli } from './support/gemini-cli.ts';
import { promisesOf } from './support/promises.ts';
import { worksInSandbox } from './support/sandbox.ts';

const host = await geminiCli();
promisesOf(host);
worksInSandbox(host, 'workspace');
