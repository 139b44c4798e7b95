import type { Place } from './host.ts';
import { writeRecord, type InstallRecord } from './record.ts';
import { digestNow, digestOf } from './snapshot.ts';

/**
 * Two installations of one host can change the same file. When one is taken back, the others must still be able to
 * restore the bytes that the file had before all of them: they take over what the first one found.
 */
export class SharedFiles {
  readonly #record: InstallRecord;
  readonly #others: readonly InstallRecord[];
  readonly #place: Place;
  /** The digests of the files of this installation, before it is taken back. */
  readonly #digests: ReadonlyMap<string, string>;

  constructor(record: InstallRecord, others: readonly InstallRecord[], place: Place) {
    this.#record = record;
    this.#others = others;
    this.#place = place;
    this.#digests = new Map(record.files.map(({ before: { path } }) => [path, digestNow(path)]));
  }

  /** Call it when the installation is taken back. */
  handOver(): void {
    for (const other of this.#others)
      writeRecord({ ...other, files: other.files.map((file) => this.#handedOver(file)) }, this.#place);
  }

  #handedOver(file: InstallRecord['files'][number]): InstallRecord['files'][number] {
    const own = this.#record.files.find(({ before }) => before.path === file.before.path);
    if (own === undefined) return file;
    const { path } = file.before;
    const isLater = digestOf(file.before) === own.after;
    const isEarlier = digestOf(own.before) === file.after;
    // What the other one found may have ours in it. It is not restored then: the host removes the other one, too.
    if (!isLater && !isEarlier) return { ...file, after: CHANGED };
    // What a person changed meanwhile stays: then the host itself has to remove what is ours.
    const wasUnchanged = [file.after, own.after].includes(this.#digests.get(path) ?? null);
    return { before: isLater ? own.before : file.before, after: wasUnchanged ? digestNow(path) : file.after };
  }
}

/** No digest is so. */
const CHANGED = 'changed';
