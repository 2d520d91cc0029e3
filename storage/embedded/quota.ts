/** What each user has used since the hour began, against its quota. */
import { codes, EngineError } from './errors.ts'
import type { EngineUser, UserQuota } from './users.ts'

export interface Usage {
  queries: number
  read_rows: number
  /** Seconds. */
  execution_time: number
}

const hourMs = 3_600_000
const resources = ['queries', 'read_rows', 'execution_time'] as const

export class QuotaLedger {
  private readonly used = new Map<string, { hour: number; usage: Usage }>()
  private readonly now: () => number

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.now = now
  }

  /** Counts one query that is about to run. Throws EngineError 201 when nothing is left of one resource. */
  begin(user: EngineUser): void {
    const usage = this.usageOf(user.name)
    for (const resource of resources) {
      const limit = limitOf(user.quota, resource)
      if (limit !== undefined && usage[resource] >= limit) {
        throw new EngineError(
          codes.quotaExceeded,
          `Quota for user ${user.name} for 3600s has been exceeded: ${resource} = ${usage[resource]}/${limit}. Interval will end at ${this.endsAt()}`,
        )
      }
    }
    usage.queries++
  }

  charge(user: EngineUser, { read_rows, execution_time }: Omit<Usage, 'queries'>): void {
    const usage = this.usageOf(user.name)
    usage.read_rows += read_rows
    usage.execution_time += execution_time
  }

  /** Rows that one more query may read, or null when that is not limited. */
  rowsLeft(user: EngineUser): number | null {
    const limit = user.quota.read_rows_per_hour
    return limit === undefined ? null : Math.max(1, limit - this.usageOf(user.name).read_rows)
  }

  private usageOf(name: string): Usage {
    const hour = Math.floor(this.now() / hourMs)
    const known = this.used.get(name)
    if (known?.hour === hour) return known.usage
    const usage = { queries: 0, read_rows: 0, execution_time: 0 }
    this.used.set(name, { hour, usage })
    return usage
  }

  private endsAt(): string {
    const end = (Math.floor(this.now() / hourMs) + 1) * hourMs
    return new Date(end).toISOString().slice(0, 19).replace('T', ' ')
  }
}

function limitOf(quota: UserQuota, resource: keyof Usage): number | undefined {
  return quota[`${resource}_per_hour`]
}
