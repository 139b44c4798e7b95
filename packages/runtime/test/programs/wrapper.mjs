// Starts the program of its words with node, and hands its own files to it, as wrappers do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });
process.exitCode = (await once(child, 'exit'))[0];
