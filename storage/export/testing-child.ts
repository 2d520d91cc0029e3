/** Test helper: an export in a process of its own, to be killed. Arguments: data directory, ClickHouse URL, job and range as JSON. */
import { clickhouseConfig } from '../config.ts'
import { connectStorage } from '../index.ts'
import { exportNow } from './index.ts'

const [, , dataDir = '', url = '', job = '', range = ''] = process.argv
const storage = connectStorage({ data_dir: dataDir, clickhouse: clickhouseConfig.parse({}), url })
await exportNow(
  JSON.parse(job),
  { ...storage, dataDir },
  { range: JSON.parse(range), signal: new AbortController().signal },
)
await storage.stop()
