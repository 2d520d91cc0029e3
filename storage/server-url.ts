/** The address of a ClickHouse server: host and port, who asks, and parameters for the client. */

const count = /^\d+$/
const choice = /^(true|false|1|0)$/
const text = /./

/** Those of the client that make sense here; who asks and which database have keys of their own. */
const parameters: Record<string, { expected: string; pattern: RegExp }> = {
  request_timeout: { expected: 'milliseconds', pattern: count },
  max_open_connections: { expected: 'a count', pattern: count },
  keep_alive_enabled: { expected: 'true or false', pattern: choice },
  keep_alive_idle_socket_ttl: { expected: 'milliseconds', pattern: count },
  compression_request: { expected: 'true or false', pattern: choice },
  compression_response: { expected: 'true or false', pattern: choice },
  pathname: { expected: 'a path', pattern: text },
  application: { expected: 'a name', pattern: text },
}

/** Settings of the server, and headers for what stands before it. */
const prefixed = /^(clickhouse_setting|ch|http_header)_./

/** What is wrong with an http(s) address, one line each; values are not repeated. */
export function urlProblems(address: string): string[] {
  const { pathname, searchParams } = new URL(address)
  return [
    ...(pathname === '/' ? [] : ['the path is not used: set clickhouse.database']),
    ...[...searchParams].flatMap(([name, value]) => parameterProblem(name, value)),
  ]
}

function parameterProblem(name: string, value: string): string[] {
  if (prefixed.test(name)) return []
  const known = parameters[name]
  if (known) return known.pattern.test(value) ? [] : [`parameter ${name}: expected ${known.expected}`]
  const names = [...Object.keys(parameters), 'ch_<setting>', 'http_header_<name>']
  return [`unknown parameter "${name}"; known are ${names.join(', ')}`]
}
