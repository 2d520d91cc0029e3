/**
 * Expands the macros of Grafana's ClickHouse plugin as the plugin does, so that tests can run the SQL of panels.
 * https://grafana.com/grafana/plugins/grafana-clickhouse-datasource/
 */

export interface MacroContext {
  /** Epoch seconds. */
  from: number
  to: number
  intervalSeconds: number
  /** Chosen values of variables; an empty list is "All". */
  variables: Record<string, string[]>
}

/** Throws when something that looks like a macro or a variable is left. */
export function expandMacros(sql: string, { from, to, intervalSeconds, variables }: MacroContext): string {
  const expanded = sql
    .replaceAll(/\$__conditionalAll\((.*?), \$(\w+)\)(?=\s|$)/gm, (_, condition: string, name: string) =>
      chosen(variables, name).length === 0 ? '1=1' : condition,
    )
    .replaceAll(
      /\$__timeFilter\(([\w.]+)\)/g,
      (_, column: string) => `${column} >= toDateTime(${from}) AND ${column} <= toDateTime(${to})`,
    )
    .replaceAll(
      /\$__timeInterval\(([\w.]+)\)/g,
      (_, column: string) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${intervalSeconds} second)`,
    )
    .replaceAll('$__fromTime', `toDateTime(${from})`)
    .replaceAll('$__toTime', `toDateTime(${to})`)
    .replaceAll('$__interval_s', String(intervalSeconds))
    .replaceAll(/\$\{(\w+):singlequote\}/g, (_, name: string) =>
      chosen(variables, name)
        .map((value) => `'${value.replaceAll("'", String.raw`\'`)}'`)
        .join(','),
    )
  const left = /\$[\w{][^\s,)]*/.exec(expanded)
  if (left) throw new Error(`${left[0]} is no macro or variable that is known`)
  return expanded
}

function chosen(variables: Record<string, string[]>, name: string): string[] {
  const values = variables[name]
  if (!values) throw new Error(`$${name} is no variable of the dashboard`)
  return values
}
