import { expect, test } from 'vitest'
import { lint } from './lint.ts'
import { dashboardJson } from './panels.ts'
import { overview } from './overview.ts'

interface Shown {
  id: number
  title: string
  description: string
  datasource: { uid: string }
  gridPos: { x: number; y: number; w: number }
  targets: { refId: string; rawSql: string; datasource: { uid: string } }[]
  fieldConfig: { defaults: { unit?: string } }
}
interface Dashboard {
  templating: { list: { name: string; type: string; refresh?: number; query: { rawSql: string } }[] }
  annotations: { list: { datasource: { uid: string } }[] }
  panels: Shown[]
}

const good = () => JSON.parse(JSON.stringify(dashboardJson(overview))) as Dashboard

/** The first panel that shows data, with one thing changed. */
const panel = (change: (panel: Shown) => void) => (dashboard: Dashboard) => change(dashboard.panels[1] as Shown)
const sql = (change: (sql: string) => string) =>
  panel(({ targets }) => {
    for (const target of targets) target.rawSql = change(target.rawSql)
  })

test('a good dashboard', () => {
  expect(lint(good())).toEqual([])
})

test.each<[string, (dashboard: Dashboard) => void, string]>([
  ['an id that is taken', panel((it) => (it.id = 5)), 'two panels have the id 5'],
  ['no title', panel((it) => (it.title = '')), '2: has no title'],
  ['no description', panel((it) => (it.description = '')), 'Requests: has no description'],
  ['no unit', panel((it) => delete it.fieldConfig.defaults.unit), 'Requests: undefined is no unit of Grafana'],
  ['a wrong unit', panel((it) => (it.fieldConfig.defaults.unit = 'millis')), 'Requests: millis is no unit of Grafana'],
  ['no query', panel((it) => (it.targets = [])), 'Requests: asks nothing'],
  ['a query twice', panel((it) => it.targets.push(...it.targets)), 'Requests: two queries are called A'],
  ['a fixed source', panel((it) => (it.datasource.uid = 'abc')), 'Requests: reads from abc instead of ${datasource}'],
  ['beyond the grid', panel((it) => (it.gridPos.x = 22)), 'panel 2 is beyond the 24 columns'],
  ['overlap', panel((it) => (it.gridPos.w = 5)), 'panels 2 and 3 overlap'],
  ['SELECT *', sql((text) => text.replace('sum(r.requests) AS requests', '*')), 'Requests: selects *'],
  ['SELECT t.*', sql((text) => text.replace('sum(r.requests) AS requests', 'requests.*')), 'Requests: selects *'],
  [
    'all times',
    sql((text) => text.replace('$__timeFilter(timestamp)', '1')),
    'Requests: reads all times: $__timeFilter is missing',
  ],
  [
    'a mean of percentiles',
    sql((text) => text.replace('sum(r.requests)', 'avg(p95_ms)')),
    'Requests: makes a mean of percentiles',
  ],
  ['a semicolon', sql((text) => `${text};`), 'Requests: ends with ;'],
  [
    'a variable twice',
    ({ templating: { list } }) => (list[2]!.name = 'environment'),
    'two variables are called environment',
  ],
  [
    'no choice of a source',
    ({ templating: { list } }) => list.shift(),
    'the data source cannot be chosen: there is no variable for it',
  ],
  [
    'a stale variable',
    ({ templating: { list } }) => (list[1]!.refresh = 1),
    '$environment: does not follow the time range',
  ],
  [
    'a variable of all times',
    ({ templating: { list } }) => (list[1]!.query.rawSql = 'SELECT DISTINCT environment FROM requests'),
    '$environment: reads all times: $__timeFilter is missing',
  ],
  [
    'marks from a fixed source',
    ({ annotations: { list } }) => (list[0]!.datasource.uid = 'abc'),
    'Deploys: reads from abc instead of ${datasource}',
  ],
])('%s', (_, spoil, problem) => {
  const dashboard = good()
  spoil(dashboard)
  expect(lint(dashboard)).toContain(problem)
})
