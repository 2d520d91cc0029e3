/** Makes log events durable, and the judgements among them. */
import type { LogEvent } from '../../../records/log-event.ts'
import type { Spool } from '../../spool/index.ts'
import { evaluationOfLog } from '../evaluations.ts'

export interface LogStoreOptions {
  spool: Spool
  /** The event itself when nothing is to be changed, else a copy: maps may be shared. */
  redact: (event: LogEvent) => LogEvent
  /** Rises with every call. */
  nextVersion: () => number
}

/** Resolves once every event is durable; rejects with SpoolFull. */
export type AcceptEvents = (events: LogEvent[]) => Promise<void>

export function createLogStore({ spool, redact, nextVersion }: LogStoreOptions): AcceptEvents {
  return async (events) => {
    const log_events = events.map((event) => {
      event.version = nextVersion()
      return redact(event)
    })
    const evaluations = log_events.flatMap((event) => evaluationOfLog(event) ?? [])
    await spool.append({ log_events, ...(evaluations.length === 0 ? {} : { evaluations }) })
  }
}
