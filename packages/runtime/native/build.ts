// Usage: node packages/runtime/native/build.ts
// Compiles keeper.c for each architecture. The same compiler makes the same bytes, which a test compares (README.md).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** By Node's names of the architectures: the compiler, what it calls itself, and flags of its own. */
export const COMPILERS = {
  x64: {
    command: 'x86_64-linux-gnu-gcc',
    version: 'x86_64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0',
    flags: ['-mno-red-zone'],
  },
  arm64: {
    command: 'aarch64-linux-gnu-gcc',
    version: 'aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0',
    flags: ['-mno-outline-atomics'],
  },
} as const;

export type Architecture = keyof typeof COMPILERS;

/** No C library, nothing that a compiler would call of one, and the same bytes in every folder. */
const FLAGS = `
  -std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-ident
  -fno-tree-loop-distribute-patterns -fno-stack-protector -fno-asynchronous-unwind-tables -fomit-frame-pointer -s
  -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,noexecstack
`
  .trim()
  .split(/\s+/);

export function fileOf(architecture: Architecture): string {
  return join(folder, `keeper-${architecture}`);
}

/** @returns null, or why it could not be compiled */
export function compile(architecture: Architecture, file: string): string | null {
  const { command, flags } = COMPILERS[architecture];
  const words = [...FLAGS, ...flags, join(folder, 'keeper.c'), '-o', file];
  const { status, error, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr);
}

/** What the installed compiler calls itself; null: there is none. */
export function installedVersion(architecture: Architecture): string | null {
  const { status, stdout } = spawnSync(COMPILERS[architecture].command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n')[0] ?? null) : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const architecture of Object.keys(COMPILERS) as Architecture[]) {
    const problem = compile(architecture, fileOf(architecture));
    if (problem === null) continue;
    console.error(`keeper-${architecture}: ${problem}`);
    process.exitCode = 1;
  }
