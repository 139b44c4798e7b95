// The pages docs/hosts/*.md:
// - there is one for each agent host that the command line knows, in English and in Korean, with the same code
// - it names every scope of the host, the command that sets it up, and the one that takes it back
// - the index of the documentation links to it
import { expect, test } from 'vitest';
import { HOSTS } from '../apps/cli/src/hosts/index.ts';
import { page } from './support/readme.ts';

test.each(Object.values(HOSTS))('$title has a page in two languages', async ({ name, title, scopes }) => {
  const [english, korean, index] = await Promise.all(
    [`docs/hosts/${name}.md`, `docs/hosts/${name}.ko.md`, 'docs/README.md'].map(page),
  );

  for (const text of [english, korean]) {
    expect(text).toMatch(new RegExp(`^# ${title}\n`, 'u'));
    for (const scope of scopes) expect(text).toContain(`\`${scope}\``);
    expect(text).toContain(`\norchestrator mcp install ${name}\n`);
    expect(text).toContain(`\norchestrator mcp uninstall ${name}\n`);
    expect(index).toContain(`(hosts/${name}.md)`);
  }
  expect(codeIn(korean)).toEqual(codeIn(english));
});

const codeIn = (text = '') => text.match(/^```.*?^```$/gmsu);
