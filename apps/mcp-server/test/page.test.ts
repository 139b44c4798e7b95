/*
 * The pages docs/mcp.md and docs/mcp.ko.md:
 *  - name every tool with exactly the input that it takes
 *  - name every tool of the operator
 *  - have the same code, and the same tables
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../src/profiles.ts';

const PAGES = ['mcp.md', 'mcp.ko.md'];
const read = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

describe.each(PAGES)('%s', (name) => {
  const text = read(name);

  test.each(PROFILES.agent.map((tool) => [tool.name, tool] as const))('names %s with its input', (_name, tool) => {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${tool.name}\` |`)) ?? '';
    const inputs = row.split('|').at(3)?.match(/\w+/gu) ?? [];

    const properties = Object.keys((tool.schema as { properties: object }).properties);
    expect(new Set(inputs)).toEqual(new Set(properties));
    expect(row).not.toBe('');
  });

  test('names every tool of the operator', () => {
    const missing = PROFILES.operator.filter((tool) => !text.includes(`\`${tool.name}\``));

    expect(missing.map((tool) => tool.name)).toEqual([]);
  });
});

test('both have the same code, and the same tables', () => {
  const [english, korean] = PAGES.map((name) => {
    const lines = read(name).split('\n');
    const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
    return { code: read(name).match(/^```.*?^```/gmsu), rows };
  });

  expect(korean).toEqual(english);
  expect(english?.rows.length).toBeGreaterThan(20);
});
