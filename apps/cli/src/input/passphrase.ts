import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathOfArgument } from '@agent-orchestrator/runtime/path';
import { SECRET_VARIABLES } from '@agent-orchestrator/runtime/secret-variables';
import type { Call } from '../call.ts';
import { badContent, Failure, usage } from '../failure.ts';
import type { Output } from '../output/output.ts';
import { decode } from './content.ts';

/** Where the passphrase of a key comes from. It is never a flag: every user of a machine can read a command line. */
export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

/** The flag of commands that open or make a key. */
export const PASSPHRASE_FILE = [
  '--passphrase-file <file>',
  'read the passphrase of the key from this file (default: ask)',
] as const;

const VARIABLE = SECRET_VARIABLES.passphrase;
const FILE_BYTES_MAX = 4_096;
/** The rights of all other users. */
const OTHERS = 0o077;
const NEW_CHARACTERS_MIN = 8;

/** The passphrase of a key that is there: of the file, of the variable, or typed at the terminal. */
export async function readPassphrase({ options, output }: Call<PassphraseOptions>, about: string): Promise<string> {
  return given(options, output) ?? (await asked(output, `passphrase of ${about}:`));
}

/** The passphrase of a new key. At the terminal it is asked twice. */
export async function readNewPassphrase(call: Call<PassphraseOptions>, about: string): Promise<string> {
  const { options, output } = call;
  const before = given(options, output);
  const passphrase = before ?? (await asked(output, `new passphrase of ${about}:`));
  if (Array.from(passphrase).length < NEW_CHARACTERS_MIN)
    throw usage(`A passphrase has at least ${NEW_CHARACTERS_MIN} characters.`, 'Choose a longer one.', 'passphrase');
  if (before === null && (await asked(output, 'the same again:')) !== passphrase)
    throw usage('The two passphrases differ.', 'Run the command again. Nothing was written.', 'passphrase');
  return passphrase;
}

/** null: neither a file nor the variable gives one. */
function given({ passphraseFile }: PassphraseOptions, output: Output): string | null {
  if (passphraseFile !== undefined) return ofFile(passphraseFile, output);
  const value = process.env[VARIABLE];
  return value === undefined || value === '' ? null : value;
}

/** The first line; a descriptor is a file such as /dev/fd/3. */
function ofFile(name: string, output: Output): string {
  const path = pathOfArgument(name, 'passphraseFile');
  let text: string;
  try {
    const { bytes, isOpenToOthers } = beginOf(path);
    if (bytes.length > FILE_BYTES_MAX) throw badContent('--passphrase-file', 'is too large');
    if (isOpenToOthers) output.chatter(`other users may read the passphrase in ${path}: give it mode 0600`);
    // Bytes that are no text would all be one character, and other passphrases the same.
    text = decode('--passphrase-file', bytes);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw badContent('--passphrase-file', `cannot be read: ${(error as Error).message}`, error);
  }
  const [line = ''] = text.split(/\r?\n/u);
  if (line === '') throw badContent('--passphrase-file', 'has no passphrase in its first line');
  return line;
}

/** Up to a byte more than a passphrase may have: a device has no end. A pipe is read like a file. */
function beginOf(path: string): { readonly bytes: Buffer; readonly isOpenToOthers: boolean } {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(FILE_BYTES_MAX + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, { offset: length });
    const status = fstatSync(file);
    const isOpenToOthers = process.platform !== 'win32' && status.isFile() && (status.mode & OTHERS) !== 0;
    return { bytes: bytes.subarray(0, length), isOpenToOthers };
  } finally {
    closeSync(file);
  }
}

async function asked(output: Output, question: string): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure('PASSPHRASE_MISSING', 'The passphrase of the key is needed, and this is no terminal.', {
      hint: `Give --passphrase-file FILE, set ${VARIABLE}, or run the command in a terminal.`,
      field: 'passphrase',
    });
  output.chatter(question);
  return typed();
}

const [END_OF_INPUT, INTERRUPT] = ['\u0004', '\u0003'];
const ERASE = new Set(['\u007F', '\b']);

/** A line that is typed and not shown. */
function typed(): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true).setEncoding('utf8').resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (finish: () => void) => {
      stdin.off('data', onData).pause().setRawMode(false);
      finish();
    };
    const onData = (chunk: string) => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n' || character === END_OF_INPUT) return end(() => resolve(text));
        if (character === INTERRUPT)
          return end(() => reject(new Failure('INTERRUPTED', 'No passphrase was given. Nothing was written.')));
        if (ERASE.has(character)) text = Array.from(text).slice(0, -1).join('');
        else if (character >= ' ') text += character;
      }
    };
    stdin.on('data', onData);
  });
}
