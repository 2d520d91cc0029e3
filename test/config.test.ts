import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig, parseConfig } from '../config.ts'

const messageOf = (text: string, env: NodeJS.ProcessEnv = {}) => {
  try {
    parseConfig(text, 'inferwatch.yaml', env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

const exactly = (text: string) => new RegExp(`^${RegExp.escape(text)}$`)

describe('what is wrong with a configuration is said in one line each', () => {
  test.each([
    [
      'scrape:\n  discovery:\n    kubernetes:\n      - relabel_configs: [{ action: keep, regex: "(?!a)" }]\n',
      /^inferwatch\.yaml:4: scrape\.discovery\.kubernetes\.0\.relabel_configs\.0\.regex: not usable as a regular expression: look-around/,
    ],
    [
      'scrape:\n  discovery:\n    dns: [{ names: [a], type: A }]\n',
      'inferwatch.yaml:3: scrape.discovery.dns.0.port: A records name no port: expected one',
    ],
    [
      'scrape:\n  discovery:\n    kubernetes: [{ rol: pod }]\n',
      'inferwatch.yaml:3: scrape.discovery.kubernetes.0.rol: unknown key; did you mean "role"?',
    ],
    [
      'clickhouse:\n  url: http://ch:8123?databse=hunter2\n',
      'inferwatch.yaml:2: clickhouse.url: unknown parameter "databse"; known are request_timeout, max_open_connections, keep_alive_enabled, keep_alive_idle_socket_ttl, compression_request, compression_response, pathname, application, ch_<setting>, http_header_<name>',
    ],
    [
      'clickhouse: { url: "http://ch:8123/other?request_timeout=1m" }\n',
      'inferwatch.yaml:1: clickhouse.url: the path is not used: set clickhouse.database\ninferwatch.yaml:1: clickhouse.url: parameter request_timeout: expected milliseconds',
    ],
    [
      'scrape:\n  interval: 5\n',
      'inferwatch.yaml:2: scrape.interval: expected a duration such as 500ms, 10s, 5m, 2h or 1d; found 5',
    ],
    [
      'endpoints: [{ name: openai, upstream: api.openai.com }]\n',
      'inferwatch.yaml:1: endpoints.0.upstream: expected an address with its scheme, such as https://example.com; found "api.openai.com"',
    ],
    [
      'alerts:\n  route: { receiver: none, group_by: alertname }\n',
      /^inferwatch\.yaml:2: alerts\.route\.group_by: expected a list, such as \[a, b\]$/m,
    ],
    [
      'alerts:\n  route: { group_wait: 30 }\n',
      'inferwatch.yaml:2: alerts.route.group_wait: expected a duration such as 30s, 5m, 2h or 1d; found 30',
    ],
    ['scrape:\n  intervall: 5s\n', 'inferwatch.yaml:2: scrape.intervall: unknown key; did you mean "interval"?'],
    [
      'wrong: 1\n',
      'inferwatch.yaml:1: wrong: unknown key; known keys: data_dir, listen, clickhouse, retention, ingest, spool, content, scrape, endpoints, prices, attribution, proxy, alerts, export, dashboard, log_level',
    ],
    [
      'scrape:\n  interval: soon\n',
      'inferwatch.yaml:2: scrape.interval: expected a duration such as 500ms, 10s, 5m, 2h or 1d; found "soon"',
    ],
    [
      'listen:\n  dashboard: 8080\n',
      'inferwatch.yaml:2: listen.dashboard: expected host:port, such as 127.0.0.1:8080 (port 0 picks a free one); found 8080',
    ],
    [
      'listen: { dashboard: "0.0.0.0:8080" }\n',
      'inferwatch.yaml:1: listen.dashboard: 0.0.0.0:8080 is reachable from other machines: set dashboard.api_keys, or listen on 127.0.0.1',
    ],
    [
      'listen: { otlp_http: "[::]:4318" }\n',
      'inferwatch.yaml:1: listen.otlp_http: [::]:4318 is reachable from other machines: set ingest.api_keys, or listen on 127.0.0.1',
    ],
    [
      'listen: { otlp_grpc: "0.0.0.0:4317" }\n',
      'inferwatch.yaml:1: listen.otlp_grpc: 0.0.0.0:4317 is reachable from other machines: set ingest.api_keys, or listen on 127.0.0.1',
    ],
    [
      'listen: { clickhouse: "0.0.0.0:8123" }\n',
      'inferwatch.yaml:1: listen.clickhouse: 0.0.0.0:8123 is reachable from other machines: set clickhouse.users, or listen on 127.0.0.1',
    ],
    [
      `listen: { clickhouse: "0.0.0.0:8123" }\nclickhouse:\n  users: [{ name: anna, password_sha256: ${'a'.repeat(64)} }]\n`,
      'accepted',
    ],
    [
      'clickhouse:\n  users:\n    - { name: anna, password_sha256: secret }\n',
      'inferwatch.yaml:3: clickhouse.users.0.password_sha256: expected the 64 hex digits of `printf %s "$PASSWORD" | sha256sum`; found a value',
    ],
    [
      `clickhouse:\n  users:\n    - { name: reader, password_sha256: ${'a'.repeat(64)} }\n`,
      'inferwatch.yaml:3: clickhouse.users.0.name: writer, reader, default are there already',
    ],
    [
      `clickhouse:\n  users:\n    - { name: a, password_sha256: ${'a'.repeat(64)} }\n    - { name: a, password_sha256: ${'b'.repeat(64)} }\n`,
      'inferwatch.yaml:4: clickhouse.users.1.name: "a" is used twice',
    ],
    [
      `clickhouse:\n  users:\n    - { name: a, password_sha256: ${'a'.repeat(64)}, limits: { max_memory: 1 } }\n`,
      /^inferwatch\.yaml:3: clickhouse\.users\.0\.limits\.max_memory: unknown key; .+$/,
    ],
    [
      'listen: { dashboard: "127.0.0.1:99999" }\n',
      'inferwatch.yaml:1: listen.dashboard: expected a port of at most 65535',
    ],
    [
      `a: &a [${'1, '.repeat(20)}]\n${'bcdef'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcde'[index]}, `.repeat(20)}]\n`)
        .join('')}`,
      /^inferwatch\.yaml: not usable YAML: Excessive alias count .+; write its aliases \(\*name\) out$/,
    ],
    [
      'content: some\n',
      'inferwatch.yaml:1: content: expected off, redacted, full, or an object with mode, max_bytes, patterns, other_spans; found "some"',
    ],
    ['content:\n  mode: some\n', /^inferwatch\.yaml:2: content\.mode: Invalid option: .+; found "some"$/],
    ['content:\n  mod: off\n', 'inferwatch.yaml:2: content.mod: unknown key; did you mean "mode"?'],
    [
      'content:\n  patterns:\n    - { name: ticket, regex: "[A-Z]+-\\\\d+" }\n',
      /^inferwatch\.yaml:3: content\.patterns\.0\.regex: takes time that grows faster than the text, such as "A" repeated: .+$/,
    ],
    ['endpoints:\n  - { name: a, content: no }\n', /^inferwatch\.yaml:2: endpoints\.0\.content: .+$/],
    ['endpoints:\n  - { name: a }\n  - { name: a }\n', 'inferwatch.yaml:3: endpoints.1.name: "a" is used twice'],
    [
      'data_dir: ${NOWHERE}\n',
      'inferwatch.yaml:1: data_dir: environment variable NOWHERE is not set; set it or write ${NOWHERE:-default}',
    ],
    [
      'proxy:\n  keys:\n    - { name: search, hash: iw-the-key-itself }\n',
      'inferwatch.yaml:3: proxy.keys.0.hash: expected sha256: and the 64 hex digits of `printf %s "$KEY" | sha256sum`; found a value',
    ],
    [
      `proxy:\n  keys:\n    - { name: search, hash: "sha256:${'0'.repeat(64)}", expires: soon }\n`,
      /^inferwatch\.yaml:3: proxy\.keys\.0\.expires: expected a date such as .+; found "soon"\n/,
    ],
    [
      `proxy:\n  keys:\n    - { name: search, hash: "sha256:${'0'.repeat(64)}", endpoints: [gpt] }\n`,
      'inferwatch.yaml:3: proxy.keys.0.endpoints.0: there is no endpoint "gpt"',
    ],
    [
      `proxy:\n  keys:\n    - { name: a, hash: "sha256:${'0'.repeat(64)}" }\n    - { name: a, hash: "sha256:${'1'.repeat(64)}" }\n`,
      'inferwatch.yaml:4: proxy.keys.1.name: stands with another key already',
    ],
    [
      `proxy:\n  keys:\n    - { name: a, hash: "sha256:${'0'.repeat(64)}", limits: { usd_per_month: 0 } }\n`,
      /^inferwatch\.yaml:3: proxy\.keys\.0\.limits\.usd_per_month: .+; found 0$/,
    ],
    [
      'endpoints:\n  - { name: a, api_key: "two words" }\n',
      'inferwatch.yaml:2: endpoints.0.api_key: expected the vendor’s key: printable ASCII without spaces; found a value',
    ],
    [
      'endpoints:\n  - { name: a, api_key: k, aws: { region: eu-west-1, access_key_id: a, secret_access_key: b } }\n',
      'inferwatch.yaml:2: endpoints.0.api_key: stands beside aws, which signs: leave one of them out',
    ],
    ['data_dir: [\n', /^inferwatch\.yaml:\d+: not valid YAML: .+ \(column \d+\)$/],
    ['data_dir: a\ndata_dir: b\n', /^inferwatch\.yaml:2: not valid YAML: Map keys must be unique/],
  ])('%j', (text, expected: string | RegExp) => {
    expect(messageOf(text)).toMatch(typeof expected === 'string' ? exactly(expected) : expected)
  })

  test('several faults, several lines', () => {
    expect(messageOf('log_level: loud\nspool: { max_bytes: -1 }\n').split('\n')).toHaveLength(2)
  })

  test.each([
    'ingest: { api_keys: hunter2 }',
    'clickhouse: { url: "user:hunter2@host:8123" }',
    'scrape: { targets: [{ url: "htp://u:p@hunter2@h/m" }, { url: "h/m?token=hunter2" }] }',
    'scrape: { auth: Bearer hunter2 }',
    'alerts: { receivers: [{ name: a, notify: "https://hooks.example/hunter2" }] }',
    'alerts: { receivers: [{ name: a, notify: [{ type: webhook, url: hooks.example/hunter2 }] }] }',
    'ingest: { api_keys: [hunter2] }',
    'proxy: { keys: [hunter2] }',
    'proxy: { keys: { search: hunter2 } }',
    'proxy: [{ api_keys: hunter2 }]',
    'endpoints: { a: { api_key: hunter2 } }',
    'endpoints: [{ name: a, api_key: [hunter2] }]',
    'scrape: { targets: [{ url: "htp://me:hunter2@host/metrics" }] }',
    'scrape: { targets: [{ url: "https://host", kind: { of: "http://me:hunter2@host" } }] }',
  ])('a secret is not repeated: %s', (text) => {
    expect(messageOf(text)).toMatch(/^inferwatch\.yaml:1: /)
    expect(messageOf(text)).not.toContain('hunter2')
  })
})

test('an empty file is the defaults', () => {
  const config = parseConfig('', 'inferwatch.yaml')
  expect(config.listen).toEqual({
    dashboard: '127.0.0.1:8080',
    otlp_http: '127.0.0.1:4318',
    otlp_grpc: '127.0.0.1:4317',
    clickhouse: '127.0.0.1:8123',
  })
  expect(config.clickhouse.url).toBe('embedded')
})

test('environment variables and their defaults', () => {
  const config = parseConfig('data_dir: "${HERE}/x"\nclickhouse: { database: "${DB:-other}" }\n', 'f', {
    HERE: '/there',
  })
  expect(config.data_dir).toBe('/there/x')
  expect(config.clickhouse.database).toBe('other')
})

test('of other keys than those that are asked for nothing is looked at', () => {
  const only = (text: string) => parseConfig(text, 'f', {}, ['data_dir', 'clickhouse'])
  const others = 'endpoints: [{ name: a, api_key: "${KEY}" }]\nscrape: { interval: soon }\n'
  expect(only(`${others}data_dir: ./here\n`)).toMatchObject({ data_dir: './here', endpoints: [] })
  expect(() => only(others + 'clickhouse: { password: "${SECRET}" }\n')).toThrow(/SECRET is not set/)
  expect(() => only(`${others}data_dri: ./here\n`)).toThrow(/did you mean "data_dir"/)
})

test('paths are relative to the file; a missing file says what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-'))
  try {
    const endpoints = `endpoints: [{ name: a, upstream: "https://a", ca_file: ca.pem }]`
    writeFileSync(join(folder, 'c.yaml'), `data_dir: ./here\n${endpoints}\n`)
    expect(() => loadConfig(join(folder, 'c.yaml'), {})).toThrow(
      /^endpoints\[0\]\.ca_file: \S+ca\.pem cannot be read \(ENOENT\)$/,
    )
    writeFileSync(join(folder, 'ca.pem'), '')
    expect(loadConfig(join(folder, 'c.yaml'), {}).config.endpoints[0]?.ca_file).toBe(join(folder, 'ca.pem'))
    expect(loadConfig(join(folder, 'c.yaml'), {}).config.data_dir).toBe(join(folder, 'here'))
    const targets = 'targets: [{ url: "http://a", auth: { bearer_token_file: token } }]'
    writeFileSync(join(folder, 's.yaml'), `scrape:\n  tls: { ca_file: ca.pem }\n  ${targets}\n`)
    expect(() => loadConfig(join(folder, 's.yaml'), {})).toThrow(
      /^scrape\.targets\[0\]\.auth\.bearer_token_file: \S+token cannot be read \(ENOENT\)$/,
    )
    writeFileSync(join(folder, 'token'), '')
    expect(loadConfig(join(folder, 's.yaml'), {}).config.scrape).toMatchObject({
      tls: { ca_file: join(folder, 'ca.pem') },
      targets: [{ auth: { bearer_token_file: join(folder, 'token') } }],
    })
    expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(
      'cannot be read (ENOENT); name another file with --config',
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('secrets of targets come from the environment and stand in no message', () => {
  const text = (value: string) => `scrape: { auth: { bearer_token: "\${TOKEN}", headers: { X-Key: ${value} } } }`
  expect(parseConfig(text('a'), 'c.yaml', { TOKEN: 'secret' }).scrape.auth?.bearer_token).toBe('secret')
  let message = ''
  try {
    parseConfig(text('12345'), 'c.yaml', { TOKEN: 'secret' })
  } catch (error) {
    message = String(error)
  }
  expect(message).toContain('scrape.auth.headers.X-Key')
  expect(message).not.toMatch(/12345|secret/)
})

describe('a target whose endpoint nobody declares is warned of, not refused: traffic may call it so', () => {
  const target = (endpoint: string) => `    - { url: "http://a:8000/metrics", endpoint: ${endpoint} }\n`
  const declared = 'endpoints:\n  - { name: mistral }\n  - { name: llama-70b }\n'
  test.each([
    [
      `${declared}scrape:\n  targets:\n${target('llama-70b')}${target('lama70b')}`,
      /^\S+inferwatch\.yaml:7: scrape\.targets\.1\.endpoint: "lama70b" is not under endpoints, where the nearest is "llama-70b"; that is right only if traffic calls it so$/,
    ],
    [
      `scrape:\n  targets:\n${target('llama-70b')}`,
      /^\S+inferwatch\.yaml:3: scrape\.targets\.0\.endpoint: "llama-70b" is not under endpoints, which names none; /,
    ],
    [`${declared}scrape: { targets: [{ url: "http://a:8000/metrics" }] }\n`, /^$/],
  ])('%j', (text, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'inferwatch-warnings-'))
    writeFileSync(join(folder, 'inferwatch.yaml'), text)
    expect(loadConfig(join(folder, 'inferwatch.yaml'), {}).warnings.join('\n')).toMatch(expected)
    rmSync(folder, { recursive: true })
  })
})
