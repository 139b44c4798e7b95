// Tells, as JSON, how a process sees itself, the processes above it and, by their numbers, another process and a group.
// Run where the view of processes differs.
import { livenessOf, ownProcess } from '../../src/index.ts';
import { ancestorsOf } from '../../src/processes/ancestors.ts';
import { isGroupAlive } from '../../src/processes/process-table.ts';

const [pid, group] = process.argv.slice(2).map(Number) as [number, number];
const own = ownProcess();
const other = own && livenessOf({ ...own, pid, start: '1' });
process.stdout.write(JSON.stringify({ own, other, isGroupAlive: isGroupAlive(group), above: ancestorsOf().length }));
