/**
 * A disk that fails: one operation, or all from one on as when the power goes. The operation fails
 * before it took effect, after it, or (a write) half-way.
 */
import { type Disk, type DiskFile, nodeDisk, type UnsyncedFile } from '#ledger/disk.ts';

export interface Fault {
  /** Number of the operation that fails, from 0; none when it is never reached. */
  readonly at: number;
  readonly mode: 'before' | 'after' | 'short';
  readonly code: 'EIO' | 'ENOSPC';
  /** Nothing takes effect any more after it. */
  readonly isLast: boolean;
}

export class FaultyDisk implements Disk {
  /** Operations so far. */
  count = 0;
  /** Names of the operations so far, to say which one a failing test is about. */
  readonly operations: string[] = [];
  fault: Fault | undefined;

  constructor(fault?: Fault) {
    this.fault = fault;
  }

  read(path: string) {
    return nodeDisk.read(path);
  }
  list(folder: string) {
    return nodeDisk.list(folder);
  }
  makeFolder(path: string) {
    return this.#run(`makeFolder ${path}`, () => nodeDisk.makeFolder(path));
  }
  async openFile(path: string): Promise<DiskFile> {
    const file = await this.#run(`openFile ${path}`, () => nodeDisk.openFile(path), made);
    return {
      write: (bytes, position) =>
        this.#run(
          `write ${path} ${bytes.length} at ${position}`,
          () => file.write(bytes, position),
          undefined,
          () => file.write(bytes.subarray(0, bytes.length / 2), position),
        ),
      close: () => file.close(),
    };
  }
  async openUnsynced(path: string): Promise<UnsyncedFile> {
    const file = await this.#run(`openUnsynced ${path}`, () => nodeDisk.openUnsynced(path), made);
    return {
      readNow: (bytes, position) => file.readNow(bytes, position),
      writeNow: (bytes, position) =>
        this.#runNow(
          `writeNow ${path} ${bytes.length} at ${position}`,
          () => file.writeNow(bytes, position),
          () => file.writeNow(bytes.subarray(0, bytes.length / 2), position),
        ),
      sync: () => this.#run(`sync ${path}`, () => file.sync()),
      close: () => file.close(),
    };
  }
  writeFile(path: string, bytes: Uint8Array, mode: number) {
    return this.#run(
      `writeFile ${path}`,
      () => nodeDisk.writeFile(path, bytes, mode),
      undefined,
      () => nodeDisk.writeFile(path, bytes.subarray(0, bytes.length / 2), mode),
    );
  }
  rename(from: string, to: string) {
    return this.#run(`rename ${to}`, () => nodeDisk.rename(from, to));
  }
  remove(path: string) {
    return this.#run(`remove ${path}`, () => nodeDisk.remove(path));
  }
  syncFolder(path: string) {
    return this.#run(`syncFolder ${path}`, () => nodeDisk.syncFolder(path));
  }

  /** @param undo of what only this process has: an open file that its opener is not told of */
  async #run<T>(
    name: string,
    whole: () => Promise<T>,
    undo?: (result: T) => Promise<void>,
    half?: () => Promise<unknown>,
  ): Promise<T> {
    const fails = this.#next(name);
    if (!fails) return whole();
    if (fails === 'after') {
      const result = await whole();
      await undo?.(result);
    }
    if (fails === 'short') await half?.();
    throw this.#error(name);
  }

  #runNow(name: string, whole: () => void, half: () => void): void {
    const fails = this.#next(name);
    if (!fails || fails === 'after') whole();
    if (fails === 'short') half();
    if (fails) throw this.#error(name);
  }

  /** @returns how this operation fails, if it does */
  #next(name: string): Fault['mode'] | undefined {
    const number = this.count++;
    this.operations.push(name);
    const { fault } = this;
    if (!fault || number < fault.at) return undefined;
    if (number === fault.at) return fault.mode;
    return fault.isLast ? 'before' : undefined;
  }

  #error(name: string): Error {
    const code = this.fault?.code ?? 'EIO';
    return Object.assign(new Error(`${code}: injected at ${name}`), { code });
  }
}

/** The file is made, and nobody is told. */
function made(file: { close(): Promise<void> }): Promise<void> {
  return file.close();
}
