// Before all else: it has to look before Node opens more.
// oxlint-disable-next-line import/no-unassigned-import -- It is loaded for when it is loaded.
import './run/descriptors.ts';
import { endIfInterrupted } from './interruption.ts';
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2));
await endIfInterrupted();
