/** Virtual keys as people see and make them while the proxy runs. */
import type { Logger } from 'pino'
import { Refused } from '../../../records/refused.ts'
import type { KeyControl } from '../../../records/virtual-key.ts'
import { KeyFileError } from './file.ts'
import { listKeys, makeKey, revokeKey, type KeysContext } from './made.ts'

export interface KeyDeskOptions {
  /** As configured now. */
  context: () => KeysContext
  log: Logger
  /** Epoch ms. */
  clock: () => number
  /** The keys that are known are others now. */
  onChange: () => void
}

export function createKeyDesk({ context, log, clock, onChange }: KeyDeskOptions): KeyControl {
  return {
    list: () => readable(() => listKeys(context(), clock())),
    create(input) {
      const { secret } = readable(() => makeKey(input, context(), new Date(clock())))
      onChange()
      log.info({ key: input.name, by: input.by }, 'a virtual key was made')
      return { secret }
    },
    revoke(name, by) {
      readable(() => revokeKey(name, by, context(), new Date(clock())))
      onChange()
      log.info({ key: name, by }, 'a virtual key was revoked')
    },
  }
}

/** A file that cannot be used stands against whatever is asked; its message holds no key. */
function readable<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof KeyFileError) throw new Refused('name', error.message, 'conflict')
    throw error
  }
}
