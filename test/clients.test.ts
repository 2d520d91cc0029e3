/**
 * Calls of real clients, each with the instrumentation that its users install, against an endpoint whose answers are
 * known: one row in `requests` for each call, right in every field that the client reports.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients, type Client, type Row } from './clients/calls.ts'
import { startStandIn, type StandIn } from './clients/stand-in.ts'
import { clientsInstalled, runClient, type Outcomes } from './support/clients.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'
import { llmSpans } from './support/load.ts'

const apiKey = 'clients-test-0123456789'

const cases = clients.flatMap(({ name, scenarios }) =>
  Object.entries(scenarios).map(([scenario, expected]) => ({ name, scenario, expected })),
)
/** Scenarios that a client may throw in. */
const mayFail = /(?:err429|abort|drop)$/

describe.skipIf(!clientsInstalled())('calls of', () => {
  let standIn: StandIn
  let instance: Instance
  const outcomes = new Map<string, Outcomes>()
  let rows: readonly Row[] = []

  beforeAll(async () => {
    const folder = instanceFolder({ ingest: { api_keys: [apiKey] } })
    ;[standIn, instance] = await Promise.all([startStandIn(), startInstance(folder)])
    const waiting = [...clients]
    const worker = async () => {
      for (let client = waiting.shift(); client; client = waiting.shift())
        outcomes.set(client.name, await runClient(client.script, environment(client)))
    }
    await Promise.all([worker(), worker()])
    await sendLast()
    rows = await eventually('as many rows as expected', rowsWhenComplete, 10_000).catch(readRows)
  })

  afterAll(async () => {
    await standIn?.close()
    await instance?.stop()
    if (instance) removeFolder(instance.folder)
  })

  /** As users set it: Langfuse's exporter has names of its own, and a key as the password of Basic. */
  function environment({ name, protocol }: Client): Record<string, string> {
    const { otlp_http, otlp_grpc } = instance.urls
    return {
      CLIENT: name,
      ENDPOINT: standIn.url,
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? otlp_grpc : otlp_http,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${apiKey}`,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      LANGFUSE_BASE_URL: otlp_http,
      LANGFUSE_PUBLIC_KEY: 'pk-test',
      LANGFUSE_SECRET_KEY: apiKey,
    }
  }

  /** Rows are stored in the order in which they came: with this one all others are there. */
  async function sendLast(): Promise<void> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }
    const { body } = llmSpans(1, 'last')
    expect((await fetch(`${instance.urls.otlp_http}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200)
    await eventually('the last row arrives', async () => {
      const [row] = await sql<{ n: number }>(instance, `SELECT count() AS n FROM requests WHERE service = 'last'`)
      return row?.n === 1 || null
    })
  }

  async function rowsWhenComplete(): Promise<Row[] | null> {
    const found = await readRows()
    const complete = cases.every(({ name, scenario, expected }) => of(found, name, scenario).length === expected.length)
    return complete ? found : null
  }

  function of(found: readonly Row[], name: string, scenario: string): Row[] {
    return found.filter((row) => row.trace_id === outcomes.get(name)?.[scenario]?.trace_id)
  }

  function readRows(): Promise<Row[]> {
    return sql<Row>(
      instance,
      `SELECT trace_id, provider, model, model_version, requested_model, operation, streamed,
        multiIf(ttft_ms IS NULL, 'unknown', ttft_ms > 0 AND ttft_ms <= duration_ms, 'known', 'absurd') AS ttft,
        input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
        toString(cost_usd) AS cost_usd, status, error_type, http_status, finish_reason, request_id, user_id,
        greatest(length(merged_span_ids), 1) AS spans
      FROM requests ORDER BY timestamp`,
    )
  }

  test.for(cases)('$name: $scenario', ({ name, scenario, expected }) => {
    const { calls, ids } = standIn.served(`${name}-${scenario}`)
    const { trace_id = '', error = '' } = outcomes.get(name)?.[scenario] ?? {}
    expect(calls).toBeGreaterThan(0)
    expect(mayFail.test(scenario) ? '' : error).toBe('')
    expect(of(rows, name, scenario)).toEqual(
      expected.map(({ has_id, has_user, ...row }, call) => ({
        ...row,
        trace_id,
        request_id: has_id ? ids[call] : '',
        user_id: has_user ? `user-of-${name}` : '',
      })),
    )
  })
})
