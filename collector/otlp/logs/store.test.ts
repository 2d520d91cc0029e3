import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Storage } from '../../../storage/index.ts'
import { testStorage } from '../../../storage/testing.ts'
import { spoolConfig } from '../../config.ts'
import { startSpool, type RunningSpool } from '../../spool/index.ts'
import { silent } from '../../spool/testing.ts'
import { createVersions } from '../../versions.ts'
import { jsonLog, jsonLogs, toProtobuf } from '../testing.ts'
import { logs } from './index.ts'
import { createLogStore } from './store.ts'

const dir = mkdtempSync(join(tmpdir(), 'inferwatch-logs-'))
let storage: Storage
let spool: RunningSpool

beforeAll(async () => {
  storage = await testStorage()
  spool = await startSpool({ dir, config: spoolConfig.parse({ segment_ms: 50 }), db: storage.db, log: silent })
})

afterAll(async () => {
  await spool?.stop()
  await storage?.stop()
  rmSync(dir, { recursive: true, force: true })
})

test('events are stored redacted and in order; a batch that is sent again changes nothing', async () => {
  const judged = [
    { key: 'gen_ai.evaluation.name', value: { stringValue: 'relevance' } },
    { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.5 } },
    { key: 'gen_ai.evaluation.explanation', value: { stringValue: 'secret words' } },
  ]
  const request = jsonLogs(
    [
      jsonLog(),
      jsonLog(),
      jsonLog({ body: { stringValue: 'secret' } }),
      jsonLog({ eventName: 'gen_ai.evaluation.result', attributes: judged, body: {} }),
      jsonLog({ attributes: [] }),
    ],
    [{ key: 'service.name', value: { stringValue: 'shop' } }],
  )
  const clean = (text: string) => text.replaceAll('secret', '[REDACTED]')
  const accept = createLogStore({
    spool,
    redact: (event) => ({
      ...event,
      body: clean(event.body),
      attributes: new Map(
        [...event.attributes].map(([key, value]) => [key, typeof value === 'string' ? clean(value) : value]),
      ),
    }),
    nextVersion: createVersions(() => 1_760_000_100_000),
  })
  const options = { max_attribute_bytes: 1024, now: 1_760_000_100_000_000 }
  let recycled = 0
  const send = (encoding: 'json' | 'protobuf') =>
    logs(accept).take(
      encoding === 'json' ? Buffer.from(JSON.stringify(request)) : toProtobuf(request),
      encoding,
      options,
      () => recycled++,
    )
  const taken = [await send('json'), await send('protobuf'), await send('json')]
  expect(taken.map(({ items, rejected }) => [items, rejected.get('not_genai')?.items])).toEqual([
    [4, 1],
    [4, 1],
    [4, 1],
  ])
  expect(recycled).toBe(3)
  await spool.drained()
  expect(
    await storage.db.query(
      `SELECT toString(timestamp) AS time, trace_id, span_id, event_name, service, scope_name, body
      FROM log_events ORDER BY timestamp, version`,
    ),
  ).toEqual(
    [
      ['gen_ai.user.message', '{"content":"Hello?"}'],
      ['gen_ai.user.message', '{"content":"Hello?"}'],
      ['gen_ai.user.message', '[REDACTED]'],
      ['gen_ai.evaluation.result', ''],
    ].map(([event_name, body]) => ({
      time: '2025-10-09 08:53:20.123456',
      trace_id: '5b8efff798038103d269b633813fc60c',
      span_id: 'eee19b7ec3c1b174',
      event_name,
      service: 'shop',
      scope_name: 'test',
      body,
    })),
  )
  expect(await storage.db.query('SELECT span_id, name, score, label, explanation FROM evaluations')).toEqual([
    { span_id: 'eee19b7ec3c1b174', name: 'relevance', score: 0.5, label: '', explanation: '[REDACTED] words' },
  ])
})
