/*
 * Hints name only what exists:
 *  - every command line in the program's texts, and in those of the API's errors, is one that the parser knows
 *  - a flag that the hint of a refused command names by itself is a flag of that command
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@agent-orchestrator/core';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../src/program.ts';
import { Cli, inventedToken } from './support/cli.ts';

const program = await createProgram(['help'], { exit() {}, say() {}, complain() {} });

/** Whose texts name command lines. */
const SOURCES = ['../src', '../../../packages/core/src/explain', '../../../packages/runtime/src'];

function textsIn(folder: string): string[] {
  const source = fileURLToPath(new URL(folder, import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  // Words that a function composes begin with a space of their own, or are none.
  return files.map((name) =>
    readFileSync(join(source, name), 'utf8')
      .replaceAll('\\`', '`')
      .replaceAll(/(?<=orchestrator [a-z -]*)(?<! )(?:\$\{[^}]*\})+/g, ''),
  );
}

test('every command line in the texts is one that the parser knows', () => {
  const texts = [...SOURCES.flatMap(textsIn), ...Object.values(ERRORS).map(({ hint }) => hint)];
  const lines = texts.flatMap(commandLines);

  expect(lines.length).toBeGreaterThan(30);
  expect(lines.flatMap(mistakesIn)).toEqual([]);
});

test('what this test would find, it finds', () => {
  const lines = commandLines('Run `orchestrator task shwo x`, next: orchestrator session close s --wait 30s.');

  expect(lines.flatMap(mistakesIn)).toEqual(['task shwo x: shwo', 'session close s --wait 30s.: --wait']);
});

const busy = [
  ['task', 'create', 'x', '--session', 's'],
  ['task', 'create', 'y', '--session', 't', '--id', 'waiting'],
];

test.concurrent.for([
  [['claim', '--agent', 'b', '--session', 's'], 'BUSY'],
  [['claim', '--agent', 'b', '--kind', 'none'], 'NO_TASK'],
  [['claim', '--agent', 'b', '--session', 'absent'], 'NOT_FOUND'],
  [['heartbeat'], 'USAGE'],
  [['heartbeat', '--token', 'x'], 'INVALID_INPUT'],
  [['checkpoint', '--token', inventedToken()], 'LEASE_LOST'],
  [['checkpoint', '--token', 'OF THE CLAIM', '--instance', 'another'], 'LEASE_LOST'],
  [['checkpoint', '--token', 'OF THE CLAIM', '--turn', '0'], 'TURN_BEHIND'],
  [['release', '--token', 'OF THE CLAIM', '--outcome', 'succeeded', '--ttl', '1s'], 'USAGE'],
  [['release', '--token', 'OF THE CLAIM', '--outcome', 'failed', '--error-code', 'x'], 'USAGE'],
  [['recover', '--watch', '--command-id', 'x'], 'USAGE'],
  [['status', '--watch'], 'USAGE'],
  [['events', '--follow'], 'USAGE'],
  [['events', '--type', 'none'], 'INVALID_INPUT'],
  [['session', 'close', 's'], 'BUSY'],
  [['session', 'close', 't'], 'NOT_EMPTY'],
  [['session', 'show', 'absent'], 'NOT_FOUND'],
  [['task', 'create'], 'USAGE'],
  [['task', 'create', 'x', '--payload', '{'], 'CONTENT'],
  [['task', 'list', '--after', 'xyz'], 'INVALID_INPUT'],
  [['task', 'retry', 'waiting'], 'NOT_ENDED'],
  [['status', '--store', 'sqlite:absent.db'], 'STORE_NOT_FOUND'],
] as const)('the hint of %j (%s) names no flag that the command does not have', async ([words, code], { expect }) => {
  using cli = new Cli();
  for (const before of busy) await cli.run(before);
  const { token } = (await cli.json(['claim', '--agent', 'a', '--instance', 'i', '--session', 's'])).data.lease;
  await cli.run(['checkpoint', '--token', token, '--turn', '3']);

  const { error } = await cli.json(words.map((word) => (word === 'OF THE CLAIM' ? token : word)));

  expect(error.code).toBe(code);
  const hint = error.hint ?? '';
  const byItself = commandLines(hint).reduce((rest, line) => rest.replace(line, ''), hint);
  const { command } = commandOf(words);
  expect((byItself.match(FLAG) ?? []).filter((flag) => !hasFlag(command, flag))).toEqual([]);
});

const FLAG = /--[a-z][a-z-]*/g;

/** The words after `orchestrator`, where they are meant as a command line. */
function commandLines(text: string): string[] {
  const spans = [...text.matchAll(/`orchestrator ([^`\n]+)`/g)].map(([, line = '']) => line);
  const evaluated = [...text.matchAll(/\$\(orchestrator ([^)\n]+)\)/g)].map(([, line = '']) => line);
  const unquoted = [...text.matchAll(/(?:\w: |['`])orchestrator ((?:--)?[a-z][^`'\n]*)/g)].map(([, line = '']) => line);
  return [...new Set([...spans, ...evaluated, ...unquoted])];
}

function commandOf(words: readonly string[]): { readonly command: Command; readonly next: string | undefined } {
  let command: Command = program;
  for (const [at, word] of words.entries()) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) return { command, next: words[at] };
    command = child;
  }
  return { command, next: undefined };
}

function mistakesIn(line: string): string[] {
  const { command, next = '' } = commandOf(line.split(/[\s,.;:]+/));
  const isGroup = command.commands.length > 0;
  const unknown = isGroup && /^[a-z]/.test(next) ? [next] : [];
  const flags = (line.match(FLAG) ?? []).filter((flag) => !hasFlag(command, flag));
  return [...unknown, ...flags].map((word) => `${line}: ${word}`);
}

function hasFlag(command: Command, flag: string): boolean {
  return flag === '--help' || [...command.options, ...program.options].some(({ long }) => long === flag);
}
