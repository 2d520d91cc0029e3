/** The engine without HTTP: runs statements that its parent sends, and says how long they took. */
import { join } from 'node:path'
import { Engine } from '../../storage/embedded/engine.ts'
import { writeEngineConfig } from '../../storage/embedded/engine-config.ts'
import { percentiles, type Percentiles, type Rounds } from './rounds.ts'

export interface EngineAsk {
  /** Of the embedded engine. */
  directory: string
  statements: string[]
  rounds: Rounds
}

process.once('message', (ask: EngineAsk) => {
  void tell(ask)
})

async function tell(ask: EngineAsk): Promise<void> {
  const times = await answer(ask)
  // The engine's threads do not survive an exit.
  process.send?.(times, () => process.kill(process.pid, 'SIGKILL'))
}

async function answer({ directory, statements, rounds }: EngineAsk): Promise<Percentiles[]> {
  const args = writeEngineConfig(join(directory, 'config'), 'inferwatch', 2e9)
  const connection = new Engine(join(directory, 'store'), args).connect()
  await connection.query('USE inferwatch')
  // As a reader's query runs.
  await connection.query('SET final = 1, max_threads = 2, output_format_parallel_formatting = 0')
  const times: Percentiles[] = []
  for (const sql of statements) times.push(await percentiles(() => connection.query(sql, 'JSONCompactEachRow'), rounds))
  return times
}
