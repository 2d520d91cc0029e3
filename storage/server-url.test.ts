import { createClient } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { urlProblems } from './server-url.ts'

const server = 'https://ch.example:8443'

test.each([
  '',
  '/',
  '?request_timeout=1000&max_open_connections=4&keep_alive_enabled=false&keep_alive_idle_socket_ttl=500',
  '?compression_request=1&compression_response=true&pathname=/ch&application=watch',
  '?ch_max_threads=4&clickhouse_setting_max_execution_time=10&http_header_x-tenant=a',
])('the client takes it too: "%s"', (rest) => {
  expect(urlProblems(server + rest)).toEqual([])
  expect(() => createClient({ url: server + rest })).not.toThrow()
})

test.each([
  ['?ch_=4', ['ch_']],
  ['?keep_alive_enabled=perhaps', ['keep_alive_enabled']],
  ['?request_timeout=', ['request_timeout']],
  ['?password=hunter2&databse=x', ['password', 'databse']],
  ['/other', ['clickhouse.database']],
])('%s is refused, and no value is repeated', (rest, named) => {
  const problems = urlProblems(server + rest)
  expect(problems).toEqual(named.map((name) => expect.stringContaining(name)))
  expect(problems.join('\n')).not.toContain('hunter2')
})
