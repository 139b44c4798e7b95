import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Bench, BenchCase } from './bench-case.ts';
import { CASES } from './cases/index.ts';
import { deviations, fails } from './check.ts';
import { keyOf, type Result } from './line.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { Server } from './places/server.ts';
import { readRecorded, record } from './recorded.ts';
import { headerOf, machine, reportOf } from './report.ts';
import { runCase } from './run-case.ts';

/** A case whose ratios are missed gets more rounds, this many times as many in all: noise passes, a loss stays. */
const PATIENCE = 3;

const options = readOptions(process.argv.slice(2));
if (options.help) console.log(USAGE);
else await main(options);

async function main(options: Options): Promise<void> {
  const { rounds, check, recorded: file, assert, json } = options;
  const chosen = casesOf(options);
  const before = machine();
  console.log(`${headerOf(before)}, ${rounds} rounds\n`);
  const results = await measure(chosen, options);
  const { load } = machine();
  console.log(`${reportOf(results)}\n\nload at the end ${load.toFixed(2)}`);
  writeFileSync(json, `${JSON.stringify({ machine: before, loadAtEnd: load, rounds, results }, null, 2)}\n`);

  if (options.record) {
    const known = CASES.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line)));
    record(results, { file, known, machine: before, rounds });
  }
  const deviating = check ? deviations(results, readRecorded(file)) : [];
  for (const { key, message } of deviating) console.log(`${key} ${message}`);
  const isMissed = assert && results.some(({ reached }) => reached === false);
  if (isMissed || deviating.some(fails)) process.exitCode = 1;
}

/** @throws if a name fits no case */
function casesOf({ cases, large, check }: Options): readonly BenchCase[] {
  const fits = ({ name, large: isLarge = false }: BenchCase, wanted: string): boolean =>
    name === wanted || (name.startsWith(wanted) && (large || !isLarge));
  const unknown = cases.filter((wanted) => !CASES.some((one) => fits(one, wanted)));
  if (unknown.length > 0)
    throw new Error(`no case ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  return CASES.filter(
    (one) =>
      (cases.length === 0 ? large || one.large !== true : cases.some((wanted) => fits(one, wanted))) &&
      (!check || one.lines.some(({ isChecked }) => isChecked)),
  );
}

async function measure(cases: readonly BenchCase[], options: Options): Promise<readonly Result[]> {
  const { rounds, check, recorded: file, folder: parent, backlog, smallest: isSmallest } = options;
  const recorded = check ? readRecorded(file) : {};
  const needsMore = (results: readonly Result[]): boolean =>
    check && deviations(results, recorded).some(({ is }) => is === 'worse');
  mkdirSync(parent, { recursive: true });
  // Each round starts many processes, which would all strip the types of the same files.
  process.env['NODE_COMPILE_CACHE'] ??= join(parent, 'compiled');
  const folder = mkdtempSync(join(parent, 'stores-'));
  let server: Promise<Server> | undefined;
  const bench: Bench = {
    folder,
    server: () => (server ??= Server.start(folder)),
    backlog,
    isSmallest,
    log: (line) => console.error(line),
  };
  const results: Result[] = [];
  try {
    for (const one of cases)
      results.push(...(await runCase(one, bench, { rounds, needsMore, roundsMax: rounds * PATIENCE })));
  } finally {
    // One that did not start has said so already.
    await server?.then(
      (one) => one.stop(),
      () => {},
    );
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}
