/** Named pipes, through which results leave the engine while it makes them: it waits where their reader is slow. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BlockPool } from './block-pool.ts'
import { ReadAhead } from './read-ahead.ts'

/** Made at once: each call starts a process. */
const batch = 8

export class PipePool {
  private readonly directory: string
  private readonly spare: ResultPipe[] = []
  private readonly blocks = new BlockPool()

  /** Null where the system has no `mkfifo`. What stands in `directory` is removed. */
  static async open(directory: string): Promise<PipePool | null> {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const pool = new PipePool(directory)
    try {
      await pool.make()
      return pool
    } catch {
      return null
    }
  }

  private constructor(directory: string) {
    this.directory = directory
  }

  async take(): Promise<ResultPipe> {
    for (;;) {
      const pipe = this.spare.pop()
      if (pipe) return pipe
      await this.make()
    }
  }

  /** For one that was read to its end: nobody writes to it any more. */
  giveBack(pipe: ResultPipe): void {
    this.spare.push(pipe)
  }

  /** For any other: whoever still holds its other end must never write into the answer to somebody else. */
  async discard(pipe: ResultPipe): Promise<void> {
    await rm(pipe.path, { force: true })
  }

  private async make(): Promise<void> {
    const paths = Array.from({ length: batch }, () => join(this.directory, randomUUID()))
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths])
    for (const path of paths) this.spare.push(new ResultPipe(path, this.blocks))
  }
}

export class ResultPipe {
  readonly path: string
  private readonly blocks: BlockPool
  private ourEnd: number | null = null

  constructor(path: string, blocks: BlockPool) {
    this.path = path
    this.blocks = blocks
  }

  /** What the engine writes until `hangUp`. Held open from our side too: a pipe that nobody writes to yet looks like one at its end. */
  open(): ReadAhead {
    const fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.ourEnd = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK)
    return new ReadAhead(fd, this.blocks)
  }

  /** Lets the reader come to its end, once the engine has closed its own. Safe to call twice. */
  hangUp(): void {
    if (this.ourEnd !== null) closeSync(this.ourEnd)
    this.ourEnd = null
  }
}
