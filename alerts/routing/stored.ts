/** Whether what people changed is stored. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RowWriter } from '../row-writer.ts'

/** What somebody changed is not stored: who evaluates the rules may not hear of it. */
export class NotStoredError extends Error {
  override name = 'NotStoredError'
}

/** A storage that hangs keeps nobody waiting for longer. */
const longestStoreMs = 5_000

/** Resolves once everything is written, or after some seconds. */
export async function written(writer: RowWriter): Promise<void> {
  await Promise.race([writer.flush(), sleep(longestStoreMs, undefined, { ref: false })])
}
