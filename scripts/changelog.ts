// What a release says of itself, made from its changesets.

export interface Changeset {
  readonly summary: string;
  readonly releases: readonly { readonly name: string; readonly type: 'major' | 'minor' | 'patch' | 'none' }[];
}

const headings = { major: 'Breaking', minor: 'New', patch: 'Fixed' } as const;

/** The section of one release: each changeset under the heading of its largest change. */
export function sectionOf(version: string, date: string, changesets: readonly Changeset[]): string {
  const parts = Object.entries(headings).flatMap(([type, heading]) => {
    const items = changesets.filter((changeset) => largestOf(changeset) === type).map(item);
    return items.length === 0 ? [] : [`### ${heading}\n\n${items.join('\n\n')}`];
  });
  return [`## ${version} (${date})`, ...parts].join('\n\n');
}

/** Puts the section in front of those of earlier releases. */
export function withSection(changelog: string, section: string): string {
  const at = changelog.search(/^## /mu);
  const [head, earlier] = at === -1 ? [changelog, ''] : [changelog.slice(0, at), changelog.slice(at)];
  return `${[head, section, earlier]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function largestOf({ releases }: Changeset): string | undefined {
  return Object.keys(headings).find((type) => releases.some((release) => release.type === type));
}

/** Names the packages without their scope. The summary stands as its author wrapped it. */
function item({ releases, summary }: Changeset): string {
  const names = releases.filter(({ type }) => type !== 'none').map(({ name }) => name.replace(/^@[^/]+\//u, ''));
  return `**${names.join(', ')}**\n\n${summary.trim()}`;
}
