/** The few pieces of Grafana's dashboard JSON (classic model) that our dashboards are made of. */

export interface Panel {
  title: string
  description: string
  type: 'timeseries' | 'stat' | 'table'
  /** Grafana's name of the unit: ms, s, percentunit, bytes, currencyUSD, watt, reqps, short. */
  unit: string
  /** In Grafana's 24 columns. */
  width: 4 | 6 | 8 | 12 | 24
  height?: number
  /** ClickHouse SQL with Grafana's macros. Time series name their time `time`; texts become labels. */
  sql: string
  min?: number
  max?: number
  stacked?: boolean
  decimals?: number
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
  variables: Variable[]
  rows: Row[]
}

const plugin = 'grafana-clickhouse-datasource'
const datasource = { type: plugin, uid: '${datasource}' }

/** The JSON of a dashboard as Grafana's file provisioning reads it. Pure: the same spec gives the same JSON. */
export function dashboardJson(spec: DashboardSpec): object {
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: ['inferwatch', 'llm'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: plugin, refresh: 1, hide: 0 },
        ...spec.variables.map(variableJson),
      ],
    },
    panels: layOut(spec.rows),
  }
}

function variableJson({ name, label, sql }: Variable): object {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { editorType: 'sql', rawSql: sql },
    definition: sql,
    // With every change of the time range: what was not called in it is not offered.
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
    sort: 1,
  }
}

/** Panels from left to right, a new line when the 24 columns are full; ids count up. */
function layOut(rows: Row[]): object[] {
  const result: object[] = []
  let y = 0
  const nextId = () => result.length + 1
  for (const { title, panels } of rows) {
    result.push({
      id: nextId(),
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: 24, x: 0, y: y++ },
    })
    let x = 0
    let tallest = 0
    for (const panel of panels) {
      const height = panel.height ?? 8
      if (x + panel.width > 24) {
        y += tallest
        x = 0
        tallest = 0
      }
      result.push(panelJson(panel, nextId(), { h: height, w: panel.width, x, y }))
      x += panel.width
      tallest = Math.max(tallest, height)
    }
    y += tallest
  }
  return result
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const { title, description, type, unit, min, max, decimals } = panel
  return {
    id,
    type,
    title,
    description,
    datasource,
    gridPos,
    targets: [
      {
        refId: 'A',
        datasource,
        editorType: 'sql',
        queryType: type === 'timeseries' ? 'timeseries' : 'table',
        format: type === 'timeseries' ? 0 : 1,
        rawSql: panel.sql,
      },
    ],
    fieldConfig: {
      defaults: {
        unit,
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        ...(decimals === undefined ? {} : { decimals }),
        ...(type === 'timeseries' ? { custom: lines(panel.stacked ?? false) } : {}),
      },
      overrides: [],
    },
    options: options[type],
  }
}

const lines = (stacked: boolean) => ({
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: stacked ? 40 : 8,
  showPoints: 'auto',
  // A gap is a gap: nothing was measured there.
  spanNulls: false,
  stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
})

const options: Record<Panel['type'], object> = {
  timeseries: {
    legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['mean', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, graphMode: 'none', colorMode: 'value' },
  table: { showHeader: true, cellHeight: 'sm' },
}
