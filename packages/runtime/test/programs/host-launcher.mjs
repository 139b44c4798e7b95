// Starts an agent host as its child, as some hosts are started: launcher PROGRAM HOST IN-HOST.
import { spawn } from 'node:child_process';

const [program, ...words] = process.argv.slice(2);
spawn(program, words, { stdio: 'inherit' });
