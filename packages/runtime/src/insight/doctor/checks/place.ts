import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Reports what the storage itself finds about the place where it keeps the store. */
export function checkPlace({ place }: StoreFacts): Draft[] {
  if (place === null) return [];
  return place.findings.map(({ check, severity, message, ...further }) => draft(check, severity, message, further));
}
