/**
 * Rows that queries have read. Ten times a second it looks at those that run; of queries that ended in between, the engine only
 * tells what all of them together have read: each is taken to have read its share of that.
 */
import type { Connection, Engine } from './engine.ts'

const everyMs = 100

export class ReadMeter {
  private readonly engine: Engine
  private readonly rows = new Map<string, number>()
  private looking: Promise<void> | null = null
  private counter: Connection | null = null
  private counted: Promise<unknown> = Promise.resolve()
  private running = 0
  private begun = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** `id` is the comment that the query's text starts with. What it returns ends the watch and says the rows seen. */
  watch(id: string): () => number {
    this.rows.set(id, 0)
    this.looking ??= this.look().finally(() => (this.looking = null))
    return () => {
      const seen = this.rows.get(id) ?? 0
      this.rows.delete(id)
      return seen
    }
  }

  /** For every statement, also of those whose rows nobody counts: `end` belongs to each `begin`. */
  begin(): void {
    this.running++
    this.begun++
  }

  end(): void {
    this.running--
  }

  /** For one that has begun. What it returns says, at its end, its share of the rows that were read since. */
  async share(): Promise<() => Promise<number>> {
    const { running, begun } = this
    const before = await this.total()
    return async () => Math.ceil(Math.max(0, (await this.total()) - before) / (running + this.begun - begun))
  }

  /** Rows that all statements have read. One question at a time on the one connection. */
  private total(): Promise<number> {
    const read = this.counted.then(async () => {
      try {
        this.counter ??= this.engine.connect()
        const { bytes } = await this.counter.query('SELECT read_rows FROM system.quota_usage', 'TSV')
        return Number(bytes.toString())
      } catch (error) {
        this.counter?.close()
        this.counter = null
        throw error
      }
    })
    this.counted = read.catch(() => undefined)
    return read
  }

  private async look(): Promise<void> {
    let connection: Connection | null = null
    while (this.rows.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, everyMs))
      try {
        connection ??= this.engine.connect()
        const sql = "SELECT extract(query, '^/[*] q[0-9]+ [*]/'), read_rows FROM system.processes"
        const { bytes } = await connection.query(sql, 'TSV')
        for (const line of bytes.toString().split('\n')) this.note(line)
      } catch {
        connection?.close()
        connection = null
      }
    }
    connection?.close()
  }

  private note(line: string): void {
    const [id = '', rows] = line.split('\t')
    const known = this.rows.get(id)
    if (known !== undefined) this.rows.set(id, Math.max(known, Number(rows)))
  }
}
