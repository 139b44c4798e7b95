import { jsonIn } from './ask-host.ts';
import { valueIn } from './config-document.ts';
import { SERVER_NAME, type HostAnswer, type PluginSource } from './host.ts';

/** By the keys that lead to the list in its answer, and in an entry to where it was installed from. */
export function sourceInList(answer: HostAnswer, toList: readonly string[], toOrigin: readonly string[]): PluginSource {
  const list = answer.exit === 0 ? valueIn(jsonIn(answer), toList) : null;
  if (!Array.isArray(list)) return 'untold';
  const ours: unknown = list.find((entry) => valueIn(entry, ['name']) === SERVER_NAME);
  if (ours === undefined) return 'none';
  const from = valueIn(ours, toOrigin);
  return { from: typeof from === 'string' ? from : null };
}
