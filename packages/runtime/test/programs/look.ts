/* Tells, as JSON, how a process sees itself and, by its pid, another one: run where the view of processes is another. */
import { livenessOf, ownProcess } from '../../src/index.ts';

const pid = Number(process.argv[2]);
const own = ownProcess();
process.stdout.write(JSON.stringify({ own, other: own && livenessOf({ ...own, pid, start: '1' }) }));
