import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Bench } from './bench-case.ts';
import { CASES } from './cases/index.ts';
import { Server } from './postgres/server.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { headerOf, machine, tableOf } from './report.ts';
import type { Result } from './result.ts';

const options = readOptions(process.argv.slice(2));
if (options.help) console.log(USAGE);
else await main(options);

async function main({ rounds, cases, assert, folder: parent, json }: Options): Promise<void> {
  const unknown = cases.filter((name) => CASES.every((one) => one.name !== name));
  if (unknown.length > 0)
    throw new Error(`no case ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(', ')}`);

  const before = machine();
  console.log(`${headerOf(before)}, ${rounds} rounds\n`);
  const results: Result[] = [];
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'stores-'));
  let server: Promise<Server> | undefined;
  const bench: Bench = {
    rounds,
    folder,
    server: () => (server ??= Server.start(folder)),
    log: (line) => console.error(line),
  };
  try {
    for (const { name, run } of CASES.filter((one) => cases.length === 0 || cases.includes(one.name))) {
      console.error(name);
      results.push(...(await run(bench)));
    }
  } finally {
    // One that did not start has said so already.
    await server?.then(
      (one) => one.stop(),
      () => {},
    );
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(tableOf(results));
  writeFileSync(json, `${JSON.stringify({ machine: before, loadAfter: machine().load, rounds, results }, null, 2)}\n`);
  if (assert && results.some(({ reached }) => reached === false)) process.exitCode = 1;
}
