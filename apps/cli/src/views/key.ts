import type { AgentRecord } from '@agent-orchestrator/core';
import { keyFileHere, keyFingerprint } from '@agent-orchestrator/runtime';
import { state, type Paint } from '../output/style.ts';
import { fields, table } from '../output/table.ts';

/** The key of an agent, as the command line shows it. */
export interface AgentKey {
  readonly agent: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  /** The file with the private half on this machine; null: it is not here. */
  readonly file: string | null;
  /** What keeps the file from being used; null: nothing that shows without the passphrase. */
  readonly fileProblem: string | null;
}

export function keyOf({ name, publicKey }: AgentRecord): AgentKey {
  const key = publicKey ?? '';
  const { path: file, problem: fileProblem } = keyFileHere(key) ?? { path: null, problem: null };
  return { agent: name, publicKey: key, fingerprint: keyFingerprint(key), file, fileProblem };
}

export function keyCard({ agent, publicKey, fingerprint, file, fileProblem }: AgentKey, paint: Paint): string[] {
  return [
    `${state('active', paint)}  key of ${agent}`,
    ...fields(
      [
        ['fingerprint', fingerprint],
        ['public key', publicKey],
        ['file', file ?? 'not on this machine'],
        ['problem', fileProblem],
      ],
      paint,
    ),
  ];
}

export function keyTable(keys: readonly AgentKey[], paint: Paint): string[] {
  if (keys.length === 0) return ['no agent has a key'];
  const rows = keys.map((key) => [key.agent, key.fingerprint, isHere(key)]);
  return table(['AGENT', 'FINGERPRINT', 'HERE'], rows, paint);
}

function isHere({ file, fileProblem }: AgentKey): string {
  if (file === null) return 'no';
  return fileProblem === null ? 'yes' : 'cannot be used';
}
