/** Whether what people changed is stored. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RowWriter } from '../row-writer.ts'

/** What somebody changed is not stored: who evaluates the rules may not hear of it. */
export class NotStoredError extends Error {
  override name = 'NotStoredError'
}

/** A storage that hangs keeps nobody waiting for longer. */
const longestStoreMs = 5_000

/** Resolves once everything is written, or after some seconds, or once nobody waits for it any more. */
export async function written(writer: RowWriter, signal?: AbortSignal): Promise<void> {
  const late = sleep(longestStoreMs, undefined, { ref: false, ...(signal && { signal }) })
  await Promise.race([writer.flush(), late.catch(() => undefined)])
}
