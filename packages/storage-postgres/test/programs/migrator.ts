/* A process that migrates a database when it is told to, and says what it did. */
import { once } from 'node:events';
import { openPostgresStorage } from '../../src/index.ts';

const [, , url = ''] = process.argv;
const storage = await openPostgresStorage({ url });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const report = await storage.migrate();
await storage.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit();
