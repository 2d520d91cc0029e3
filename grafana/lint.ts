/** What a dashboard must not get wrong, checked on the JSON that Grafana reads. */
import * as units from '@grafana/grafana-foundation-sdk/units'
import { z } from 'zod'

const source = z.object({ type: z.string(), uid: z.string() })
const query = z.object({ refId: z.string(), datasource: source, rawSql: z.string() })
const panel = z.object({
  id: z.number().int(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: source.optional(),
  targets: z.array(query).optional(),
  fieldConfig: z
    .object({
      defaults: z.object({ unit: z.string().optional() }),
      overrides: z.array(z.object({ properties: z.array(z.object({ id: z.string(), value: z.unknown() })) })),
    })
    .optional(),
})
const variable = z.object({
  name: z.string(),
  type: z.string(),
  label: z.string().optional(),
  refresh: z.number().optional(),
  datasource: source.optional(),
  query: z.union([z.string(), z.object({ rawSql: z.string() })]).optional(),
})
const dashboard = z.object({
  id: z.null().optional(),
  uid: z.string().min(1).max(40),
  title: z.string().min(1),
  description: z.string().min(1),
  editable: z.literal(false),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), datasource: source, target: query })) }),
  templating: z.object({ list: z.array(variable) }),
  panels: z.array(panel),
})

type Panel = z.infer<typeof panel>
type Dashboard = z.infer<typeof dashboard>

const chosenSource = '${datasource}'
const knownUnits: ReadonlySet<unknown> = new Set(Object.values(units))

/** One line for each mistake; none when all is well. Throws ZodError on what is no dashboard. */
export function lint(json: unknown): string[] {
  const parsed = dashboard.parse(json)
  const shown = parsed.panels.filter(({ type }) => type !== 'row')
  return [
    ...repeated(parsed.panels.map(({ id }) => id)).map((id) => `two panels have the id ${id}`),
    ...placement(parsed.panels),
    ...shown.flatMap((each) => lintPanel(each).map((problem) => `${each.title || each.id}: ${problem}`)),
    ...lintVariables(parsed),
    ...parsed.annotations.list.flatMap(({ name, datasource, target }) =>
      [...lintSource(datasource), ...lintSql(target.rawSql)].map((problem) => `${name}: ${problem}`),
    ),
  ]
}

function lintPanel({ title, description, datasource, targets = [], fieldConfig }: Panel): string[] {
  const problems: string[] = []
  if (title === '') problems.push('has no title')
  if (!description) problems.push('has no description')
  const unitsUsed = [
    fieldConfig?.defaults.unit,
    ...(fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
      properties.filter(({ id }) => id === 'unit').map(({ value }) => value),
    ),
  ]
  for (const unit of unitsUsed) if (!knownUnits.has(unit)) problems.push(`${String(unit)} is no unit of Grafana`)
  if (targets.length === 0) problems.push('asks nothing')
  problems.push(...repeated(targets.map(({ refId }) => refId)).map((refId) => `two queries are called ${refId}`))
  problems.push(...lintSource(datasource))
  for (const target of targets) problems.push(...lintSource(target.datasource), ...lintSql(target.rawSql))
  return problems
}

function lintSource(source: z.infer<typeof query>['datasource'] | undefined): string[] {
  return source?.uid === chosenSource
    ? []
    : [`reads from ${source?.uid ?? 'no data source'} instead of ${chosenSource}`]
}

function lintSql(sql: string): string[] {
  const problems: string[] = []
  if (/\bSELECT\s+(\w+\.)?\*/i.test(sql)) problems.push('selects *')
  if (!/\$__timeFilter\(/.test(sql)) problems.push('reads all times: $__timeFilter is missing')
  if (/\b(avg|sum|max|min)\w*\(\s*(quantile|p\d\d)/i.test(sql)) problems.push('makes a mean of percentiles')
  if (/;\s*$/.test(sql)) problems.push('ends with ;')
  return problems
}

function lintVariables({ templating: { list } }: Dashboard): string[] {
  const problems = repeated(list.map(({ name }) => name)).map((name) => `two variables are called ${name}`)
  if (list.filter(({ name, type }) => name === 'datasource' && type === 'datasource').length !== 1)
    problems.push('the data source cannot be chosen: there is no variable for it')
  for (const { name, type, label, refresh, datasource, query } of list) {
    if (!label) problems.push(`$${name}: has no label`)
    if (type !== 'query') continue
    if (refresh !== 2) problems.push(`$${name}: does not follow the time range`)
    const sql = typeof query === 'string' ? query : (query?.rawSql ?? '')
    problems.push(...[...lintSource(datasource), ...lintSql(sql)].map((problem) => `$${name}: ${problem}`))
  }
  return problems
}

/** Grafana moves panels that overlap, one at a time, in no order that anybody meant. */
function placement(panels: readonly Panel[]): string[] {
  const problems: string[] = []
  const taken = new Map<string, number>()
  for (const { id, gridPos } of panels) {
    if (gridPos.x < 0 || gridPos.x + gridPos.w > 24) problems.push(`panel ${id} is beyond the 24 columns`)
    const below = new Set<number>()
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        const other = taken.get(`${x},${y}`)
        if (other !== undefined) below.add(other)
        taken.set(`${x},${y}`, id)
      }
    problems.push(...[...below].map((other) => `panels ${other} and ${id} overlap`))
  }
  return problems
}

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))]
}
