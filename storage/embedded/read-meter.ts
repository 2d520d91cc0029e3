/** Rows that running queries have read, looked at ten times a second: the engine tells nothing of queries that have ended. */
import type { Connection, Engine } from './engine.ts'

const everyMs = 100

export class ReadMeter {
  private readonly engine: Engine
  private readonly rows = new Map<string, number>()
  private looking: Promise<void> | null = null

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
