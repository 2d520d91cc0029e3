/** The pieces that our dashboards are made of, and the JSON that Grafana's file provisioning reads. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common'
import * as common from '@grafana/grafana-foundation-sdk/common'
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
  type GridPos,
  type Panel as GrafanaPanel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as table from '@grafana/grafana-foundation-sdk/table'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { deploys, type Question } from './sql.ts'

export interface Panel extends Question {
  title: string
  description: string
  type: 'timeseries' | 'stat' | 'table'
  /** Grafana's name of the unit: ms, s, percentunit, bytes, currencyUSD, watt, reqps, short. */
  unit: string
  /** In Grafana's 24 columns. */
  width: 4 | 6 | 8 | 12 | 24
  height?: number
  min?: number
  max?: number
  stacked?: boolean
  decimals?: number
  /** No finer than the table that is read. */
  interval?: '1m' | '1h'
  /** Units of columns of a table that differ from the panel's. */
  units?: Record<string, string>
  /** Where the values of a column of a table lead. */
  links?: Record<string, Link>
}

export interface Link {
  title: string
  url: string
}

export interface Row {
  title: string
  panels: Panel[]
}

export interface Variable {
  name: string
  label: string
  sql: string
}

export interface DashboardSpec {
  uid: string
  title: string
  description: string
  /** How far back it begins: now-1h. */
  from: string
  variables: Variable[]
  /** The page of Inferwatch that shows the same, and more. */
  page: Link
  rows: Row[]
}

export const plugin = 'grafana-clickhouse-datasource'
const datasource = { type: plugin, uid: '${datasource}' }
const tag = 'inferwatch'

export const stats = (title: string, description: string, unit: string, question: Question): Panel => ({
  title,
  description,
  type: 'stat',
  unit,
  width: 4,
  height: 4,
  ...question,
})

export const lines = (
  title: string,
  description: string,
  unit: string,
  question: Question,
  more: Partial<Panel> = {},
): Panel => ({ title, description, type: 'timeseries', unit, width: 12, min: 0, ...question, ...more })

export const rowsOf = (
  title: string,
  description: string,
  question: Question,
  more: Partial<Panel> & Pick<Panel, 'units'>,
): Panel => ({ title, description, type: 'table', unit: 'short', width: 24, decimals: 2, ...question, ...more })

/** What the request of a row leads to: its trace, prompt and answer. */
export const traceLink: Link = {
  title: 'Open the trace in Inferwatch',
  url: '${inferwatch:raw}/requests?open=${__data.fields.trace_id}.${__data.fields.span_id}&from=${__from:date:iso}&to=${__to:date:iso}',
}

/** The JSON of a dashboard. Pure: the same spec gives the same JSON. */
export function dashboardJson(spec: DashboardSpec): object {
  const dashboard = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([tag, 'llm'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('30s')
    .time({ from: spec.from, to: 'now' })
    .timezone('browser')
    .link(
      new DashboardLinkBuilder('Inferwatch')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true),
    )
    .link(new DashboardLinkBuilder(spec.page.title).url(spec.page.url).icon('external link').targetBlank(true))
    .annotation(
      new AnnotationQueryBuilder()
        .name('Deploys')
        .datasource(datasource)
        .enable(true)
        .iconColor('blue')
        .target(target(deploys.sql, 'table')),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type(plugin))
  for (const variable of spec.variables) dashboard.withVariable(variableOf(variable))
  dashboard.withVariable(
    new TextBoxVariableBuilder('inferwatch').label('Inferwatch').defaultValue('http://127.0.0.1:8080'),
  )
  for (const panel of layOut(spec.rows)) {
    if (panel instanceof RowBuilder) dashboard.withRow(panel)
    else dashboard.withPanel(panel)
  }
  return dashboard.build()
}

function variableOf({ name, label, sql }: Variable): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(datasource)
      .query({ editorType: 'sql', rawSql: sql })
      .definition(sql)
      // With every change of the time range: what was not called in it is not offered.
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .multi(true)
      .includeAll(true)
      .current({ text: ['All'], value: ['$__all'] })
      .sort(VariableSort.AlphabeticalAsc)
  )
}

/** Panels from left to right, a new line when the 24 columns are full; ids count up. */
function layOut(rows: Row[]): (RowBuilder | Builder<GrafanaPanel>)[] {
  const result: (RowBuilder | Builder<GrafanaPanel>)[] = []
  let y = 0
  const nextId = () => result.length + 1
  for (const { title, panels } of rows) {
    result.push(new RowBuilder(title).id(nextId()).gridPos({ h: 1, w: 24, x: 0, y: y++ }))
    let x = 0
    let tallest = 0
    for (const panel of panels) {
      const height = panel.height ?? 8
      if (x + panel.width > 24) {
        y += tallest
        x = 0
        tallest = 0
      }
      result.push(panelOf(panel, nextId(), { h: height, w: panel.width, x, y }))
      x += panel.width
      tallest = Math.max(tallest, height)
    }
    y += tallest
  }
  return result
}

function panelOf(panel: Panel, id: number, gridPos: GridPos): Builder<GrafanaPanel> {
  const { title, description, type, unit, min, max, decimals, interval } = panel
  const builder = builders[type](panel)
    .id(id)
    .title(title)
    .description(description)
    .datasource(datasource)
    .gridPos(gridPos)
    .unit(unit)
    .withTarget(target(panel.sql, type === 'timeseries' ? 'timeseries' : 'table'))
  if (min !== undefined) builder.min(min)
  if (max !== undefined) builder.max(max)
  if (decimals !== undefined) builder.decimals(decimals)
  if (interval !== undefined) builder.interval(interval)
  for (const [column, value] of Object.entries(panel.units ?? {}))
    builder.overrideByName(column, [{ id: 'unit', value }])
  for (const [column, link] of Object.entries(panel.links ?? {}))
    builder.overrideByName(column, [{ id: 'links', value: [{ ...link, targetBlank: true }] }])
  return builder
}

const builders = {
  timeseries: ({ stacked = false }: Panel) =>
    new timeseries.PanelBuilder()
      .lineWidth(1)
      .fillOpacity(stacked ? 40 : 8)
      .showPoints(VisibilityMode.Auto)
      // A gap is a gap: nothing was measured there.
      .spanNulls(false)
      .stacking(new common.StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group('A'))
      .legend(
        new common.VizLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Bottom)
          .showLegend(true)
          .calcs(['lastNotNull', 'max']),
      )
      .tooltip(new common.VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending)),
  stat: () =>
    new stat.PanelBuilder()
      .graphMode(BigValueGraphMode.None)
      .colorMode(BigValueColorMode.Value)
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)),
  table: () => new table.PanelBuilder(),
}

/** The SDK knows no ClickHouse: a query as the plugin stores it. */
function target(rawSql: string, queryType: 'timeseries' | 'table'): Builder<Dataquery> {
  const format = queryType === 'timeseries' ? 0 : 1
  const query = { refId: 'A', datasource, editorType: 'sql', queryType, format, rawSql }
  return { build: () => ({ ...query, _implementsDataqueryVariant: () => undefined }) }
}
