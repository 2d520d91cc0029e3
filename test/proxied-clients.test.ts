/**
 * Clients of many kinds, unchanged but for their base URL: each gets through the proxy what it gets at the endpoint itself, and each call
 * is one priced and timed request.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStandIn, type StandIn } from './clients/stand-in.ts'
import { bedrockKey, credentials, startVendors, type Vendors } from './clients/vendors.ts'
import { clientsInstalled, runProxied, type Comparisons } from './support/clients.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

interface Row {
  scenario: string
  [column: string]: unknown
}

/** What a row says, besides its tokens. */
const openai = { model: 'gpt-4o', input_tokens: 23, output_tokens: 7, finish_reason: 'stop', cost_source: 'catalogue' }
const anthropic = { ...openai, model: 'claude-3-5-sonnet', finish_reason: 'stop' }
const bedrock = { ...anthropic, input_tokens: 21 }
const gemini = { ...openai, model: 'gemini-2.5-flash' }
const ollama = { ...openai, model: 'llama3.2', cost_source: 'unknown' }
const tool = { finish_reason: 'tool_calls' }

/** By script and scenario; names that end in -stream are streams. */
const expected: Record<string, Record<string, object>> = {
  vercel: {
    openai,
    'openai-stream': openai,
    'openai-tool': { ...openai, ...tool },
    responses: openai,
    'responses-stream': openai,
    anthropic,
    'anthropic-stream': anthropic,
    'anthropic-tool': { ...anthropic, ...tool },
  },
  langchain: { openai, 'openai-stream': openai, anthropic, 'anthropic-stream': anthropic },
  bedrock: {
    'key-converse': bedrock,
    'key-converse-stream': bedrock,
    'key-invoke': bedrock,
    'key-invoke-stream': bedrock,
  },
  'bedrock-signed': {
    'signed-converse': bedrock,
    'signed-converse-stream': bedrock,
    'signed-invoke': bedrock,
    'signed-invoke-stream': bedrock,
  },
  gemini: { chat: gemini, 'chat-stream': gemini },
  ollama: { chat: ollama, 'chat-stream': ollama },
}
const cases = Object.entries(expected).flatMap(([client, scenarios]) =>
  Object.entries(scenarios).map(([scenario, row]) => ({ client, scenario, row })),
)

describe.skipIf(!clientsInstalled())('calls of', () => {
  let standIn: StandIn
  let vendors: Vendors
  let instance: Instance
  const found = new Map<string, Comparisons>()
  let rows: readonly Row[] = []
  /** Calls that were passed on and no longer observed, since that took too long. */
  let slow = 0

  beforeAll(async () => {
    ;[standIn, vendors] = await Promise.all([startStandIn(), startVendors()])
    const bedrock = { upstream: vendors.bedrock, kind: 'bedrock', http2: true }
    instance = await startInstance(
      instanceFolder({
        alerts: { shipped_rules: false },
        endpoints: [
          { name: 'openai', upstream: standIn.url },
          { name: 'bedrock', ...bedrock },
          { name: 'signed', ...bedrock, aws: credentials },
          { name: 'gemini', upstream: vendors.gemini, kind: 'gemini' },
          { name: 'ollama', upstream: vendors.ollama, kind: 'ollama' },
        ],
      }),
    )
    const secrets = {
      KEY: bedrockKey,
      ACCESS_KEY_ID: credentials.access_key_id,
      SECRET_ACCESS_KEY: credentials.secret_access_key,
    }
    const run = async (client: string, script: string, endpoints: Record<string, string>, env = {}) => {
      found.set(client, await runProxied(script, { CLIENT: client, ...endpoints, ...env }))
    }
    await run('vercel', 'vercel', at('openai', standIn.url))
    await run('langchain', 'langchain', at('openai', standIn.url))
    await run('bedrock', 'bedrock', at('bedrock', vendors.bedrock), secrets)
    await run('bedrock-signed', 'bedrock', at('signed', vendors.bedrock), { ...secrets, SIGNED: 'yes' })
    await run('gemini', 'gemini', at('gemini', vendors.gemini))
    await run('ollama', 'ollama', at('ollama', vendors.ollama))
    rows = await eventually(
      'the rows',
      async () => {
        const read = await readRows()
        slow = await readSlow()
        const seen = cases.filter(({ client, scenario }) =>
          read.some((row) => row.scenario === `${client}-${scenario}`),
        )
        return seen.length + slow >= cases.length ? read : null
      },
      10_000,
    ).catch(readRows)
  })

  afterAll(async () => {
    await instance?.stop()
    await Promise.all([standIn?.close(), vendors?.stop()])
    if (instance) removeFolder(instance.folder)
  })

  const isSeen = ({ client, scenario }: { client: string; scenario: string }) =>
    rows.some((row) => row.scenario === `${client}-${scenario}`)
  const proxied = (endpoint: string) => `${instance.urls.dashboard}/proxy/${endpoint}`
  const at = (endpoint: string, direct: string) => ({ DIRECT: direct, PROXIED: proxied(endpoint) })

  async function readSlow(): Promise<number> {
    const counted = `SELECT toUInt32(sum(items)) AS calls FROM ingest_issues WHERE source = 'proxy' AND reason = 'observer_slow'`
    return (await sql<{ calls: number }>(instance, counted))[0]?.calls ?? 0
  }

  function readRows(): Promise<Row[]> {
    return sql<Row>(
      instance,
      `SELECT extract(s.attributes['url.path'], '^/([\\\\w-]+)') AS scenario, r.model AS model, r.streamed AS streamed,
        r.input_tokens AS input_tokens, r.output_tokens AS output_tokens, r.usage_source AS usage_source,
        r.finish_reason AS finish_reason, r.cost_source AS cost_source, r.status AS status,
        r.cost_usd IS NOT NULL AS has_cost, r.ttft_ms > 0 AND r.ttft_ms <= r.duration_ms AS has_ttft
      FROM requests AS r INNER JOIN spans AS s ON s.trace_id = r.trace_id AND s.span_id = r.span_id`,
    )
  }

  test.for(cases)('$client: $scenario', ({ client, scenario, row }, { skip }) => {
    const { direct, proxied } = found.get(client)?.[scenario] ?? {}
    expect(direct).not.toHaveProperty('error')
    expect(proxied).toEqual(direct)
    const streamed = scenario.endsWith('-stream')
    const { cost_source } = row as Row
    skip(slow > 0 && !isSeen({ client, scenario }), 'not observed: the machine was too busy')
    expect(rows.filter((found) => found.scenario === `${client}-${scenario}`)).toEqual([
      {
        scenario: `${client}-${scenario}`,
        ...row,
        streamed,
        usage_source: 'reported',
        status: 'ok',
        has_cost: cost_source === 'unknown' ? 0 : 1,
        has_ttft: streamed ? 1 : null,
      },
    ])
  })

  test('a client’s own signature is for another host than the upstream’s: AWS refuses it, in words that its SDK reads', () => {
    const { direct, proxied } = found.get('bedrock')?.['own-converse'] ?? {}
    expect(direct).toMatchObject({ stopReason: 'end_turn' })
    expect(proxied).toMatchObject({
      error: expect.stringContaining('InvalidSignatureException: The request signature we calculated'),
    })
  })

  test('what was not observed was counted', () => {
    expect(cases.filter((one) => !isSeen(one))).toHaveLength(slow)
  })

  test('all other requests were as the vendors want them', () => {
    expect(vendors.problems.filter(([path]) => !path.startsWith('/bedrock-own-'))).toEqual([])
  })
})
