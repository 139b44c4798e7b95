import { existsSync } from 'node:fs';
import type { Examination } from '@agent-orchestrator/runtime';
import { pathOfOutput } from '@agent-orchestrator/runtime/path';
import { writePrivateFile } from '@agent-orchestrator/runtime/private-files';
import type { Call } from '../call.ts';
import { examine } from '../examine.ts';
import { Failure, usage } from '../failure.ts';
import { document } from '@agent-orchestrator/runtime/wire-json';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { VERSION } from '../version.ts';
import { examinationLines } from '../views/doctor.ts';

interface DoctorOptions {
  readonly fix?: true;
  readonly bundle?: string;
}

const define: Define = (program, run) => {
  program
    .command('doctor')
    .description(
      'examine the store, its work and the agent hosts: findings and next steps; exit 1 if anything needs attention',
    )
    .option('--fix', 'apply safe fixes: restrict file permissions, recover stale sessions, empty the log')
    .option('--bundle <file>', 'also write a support bundle without secrets into a new file')
    .action(run<DoctorOptions>(doctor));
};

export default define;

async function doctor(call: Call<DoctorOptions>): Promise<Answer> {
  const { needsAttention } = await import('@agent-orchestrator/runtime');
  const { namespace, fix = false } = call.options;
  const bundle = call.options.bundle === undefined ? undefined : pathOfOutput(call.options.bundle, 'bundle');
  const address = call.settings.store.value;
  if (bundle !== undefined && existsSync(bundle))
    throw usage(`${bundle} exists already.`, 'Name a new file for the bundle.', 'bundle');
  const examination = await examine(address, { fix, ...(namespace !== undefined && { namespace }) });
  if (bundle !== undefined) await writeBundle(bundle, address, examination);
  const { url, ok, findings, fixes, asOf } = examination;
  const canFix = !fix && findings.some((finding) => finding.fix !== null);
  return {
    kind: 'examination',
    data: { url, ok, findings, fixes, bundle: bundle ?? null },
    ...(asOf !== null && { asOf }),
    ids: [...new Set(findings.flatMap((finding) => (needsAttention(finding) ? finding.check : [])))],
    text: (paint) => [
      ...examinationLines(examination, paint),
      ...(bundle === undefined ? [] : [`support bundle: ${bundle}`]),
    ],
    chatter: canFix ? ['next: orchestrator doctor --fix'] : [],
    exit: ok ? 0 : 1,
  };
}

/** Writes a new file that only its owner can read. */
async function writeBundle(file: string, address: string, examination: Examination): Promise<void> {
  const { makeBundle } = await import('@agent-orchestrator/runtime');
  const bundle = await makeBundle(address, examination, { version: VERSION });
  try {
    writePrivateFile(file, `${document('support_bundle', { data: bundle })}\n`);
  } catch (error) {
    throw new Failure('OUTPUT', `The bundle could not be written: ${(error as Error).message}`, {
      hint: 'Name a new file in a folder that this user can write.',
      cause: error,
    });
  }
}
