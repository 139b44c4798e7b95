import type { AgentRecord } from '@agent-orchestrator/core';
import { keyFingerprint, hasKeyFile, keyPath } from '@agent-orchestrator/runtime';
import { state, type Paint } from '../output/style.ts';
import { fields, table } from '../output/table.ts';

/** The key of an agent, as the command line shows it. */
export interface AgentKey {
  readonly agent: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  /** The file with the private half on this machine; null: it is not here. */
  readonly file: string | null;
}

export function keyOf({ name, publicKey }: AgentRecord): AgentKey {
  const key = publicKey ?? '';
  return { agent: name, publicKey: key, fingerprint: keyFingerprint(key), file: hasKeyFile(key) ? keyPath(key) : null };
}

export function keyCard({ agent, publicKey, fingerprint, file }: AgentKey, paint: Paint): string[] {
  return [
    `${state('active', paint)}  key of ${agent}`,
    ...fields(
      [
        ['fingerprint', fingerprint],
        ['public key', publicKey],
        ['file', file ?? 'not on this machine'],
      ],
      paint,
    ),
  ];
}

export function keyTable(keys: readonly AgentKey[], paint: Paint): string[] {
  if (keys.length === 0) return ['no agent has a key'];
  const rows = keys.map(({ agent, fingerprint, file }) => [agent, fingerprint, file === null ? 'no' : 'yes']);
  return table(['AGENT', 'FINGERPRINT', 'HERE'], rows, paint);
}
