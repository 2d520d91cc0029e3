/** Takes over what people did through other processes: silences and acts that these stored. */
import type { Db } from '../../storage/client.ts'
import { groupActsSince, type GroupActRow } from '../../storage/queries/alert-acts.ts'
import { silencesDigest, silencesEndingAfter } from '../../storage/queries/silences.ts'
import type { Clock } from '../clock.ts'
import { expiredShownMs } from './silence.ts'
import type { Silences } from './silences.ts'

/** Rows that are stored at the same time become visible in any order; servers of one database agree about the time to within this. */
const overlapMs = 60_000

/** Reads the silences whenever one changed. */
export class SilenceReader {
  readonly #db: Db
  readonly #clock: Clock
  readonly #silences: Silences
  #digest = ''

  constructor({ db, clock, silences }: { db: Db; clock: Clock; silences: Silences }) {
    this.#db = db
    this.#clock = clock
    this.#silences = silences
  }

  async read(): Promise<void> {
    const digest = await silencesDigest(this.#db)
    if (digest === this.#digest) return
    this.#silences.restore(await silencesEndingAfter(this.#db, this.#clock.now() - expiredShownMs))
    this.#digest = digest
  }
}

/** Reads acts that were stored lately; the same one more than once. */
export class ActReader {
  readonly #db: Db
  #latest: number | null = null

  constructor(db: Db) {
    this.#db = db
  }

  async read(): Promise<GroupActRow[]> {
    const rows = await groupActsSince(this.#db, this.#latest === null ? null : this.#latest - overlapMs)
    for (const { inserted_at } of rows) this.#latest = Math.max(this.#latest ?? 0, inserted_at)
    return rows
  }
}
