import { expect, test } from 'vitest'
import { formatSearch, parseSearch } from '../lib/search.ts'
import { commandsOf, traceIn } from './commands.ts'
import { pages } from './pages.ts'

const search = parseSearch('?range=6h&team=x&q=duration>2s&open=0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331')
const commands = commandsOf({
  search,
  values: [
    { column: 'model', value: 'a/b <c>', requests: 3 },
    { column: 'user_id', value: '../../evil?x=1', requests: 1 },
  ],
  servers: ['vllm-1:8000'],
  questions: [{ title: 'Slowest', sql: 'select 1 & 2' }] as never,
})
const goOf = (id: string) => commands.find((command) => command.id === id)?.run

test('every page, with the range and the filters but not what is open', () => {
  expect(commands.filter(({ group }) => group === 'Pages')).toHaveLength(pages.length)
  expect(goOf('page /requests')).toEqual({ go: '/requests?range=6h&team=x&q=duration%3E2s' })
})

test('names of traffic cannot leave their place in a path', () => {
  expect(goOf('model a/b <c>')).toEqual({ go: '/models/a%2Fb%20%3Cc%3E?range=6h&team=x&q=duration%3E2s' })
  expect(goOf('user_id ../../evil?x=1')).toEqual({
    go: '/users/..%2F..%2Fevil%3Fx%3D1?range=6h&team=x&q=duration%3E2s',
  })
})

test('a server, a filter, a range, a question', () => {
  expect(goOf('server vllm-1:8000')).toEqual({ go: '/servers/vllm-1%3A8000?range=6h&team=x&q=duration%3E2s' })
  expect(goOf('sql Slowest')).toEqual({ go: '/sql?range=6h&team=x&sql=select+1+%26+2&q=duration%3E2s' })
  const changed = (id: string) => {
    const run = goOf(id)
    return run && 'change' in run ? formatSearch({ ...run.change(search), open: '' }) : null
  }
  expect(changed('filter model a/b <c>')).toContain('model=a%2Fb+%3Cc%3E')
  expect(changed('range 7d')).toContain('range=7d')
})

test('every command has an id of its own', () => {
  expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length)
})

test.each([
  ['0af7651916cd43dd8448eb211c80319c', '0af7651916cd43dd8448eb211c80319c'],
  ['trace_id=0AF7651916CD43DD8448EB211C80319C, x', '0af7651916cd43dd8448eb211c80319c'],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '0af7651916cd43dd8448eb211c80319c'],
  ['0af7651916cd43dd8448eb211c80319', null],
  ['0af7651916cd43dd8448eb211c80319cab', null],
])('%s holds the trace %s', (text, id) => expect(traceIn(text)).toBe(id))
