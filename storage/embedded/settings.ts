/** Settings of a request: which are taken, how they are capped, and the SET statement that brings a connection there. */
import type { EngineUser } from './users.ts'

/** Parameters of the HTTP interface that are no settings. */
const interfaceParams = new Set(
  'query database default_format user password query_id session_id session_timeout session_check role quota_key compress decompress buffer_size wait_end_of_query stacktrace enable_http_compression http_headers_progress_interval_ms send_progress_in_http_headers client_protocol_version'.split(
    ' ',
  ),
)

/** What a reader may set: how results are written. None of these lift limits, take memory that is not counted, or name files, as `output_format_schema` would. */
const readerSettings =
  /^(output_format_(?!\w*(?:schema|file|path|parallel))\w+|date_time_output_format|session_timezone|final|join_use_nulls|group_by_use_nulls|extremes|limit|offset)$/

/** A reader's query may lower these, never raise them. */
export const readerLimits: Readonly<Record<string, number>> = {
  max_execution_time: 30,
  max_result_rows: 1_000_000,
  max_result_bytes: 256 * 1024 * 1024,
  max_threads: 2,
}

/** A user's own limits as settings of the engine. `rowsLeft`: of its quota; null when there is none. */
export function userLimits({ limits }: EngineUser, rowsLeft: number | null): Map<string, number> {
  const { max_concurrent_queries: _, max_rows_to_read, ...others } = limits
  const settings = new Map<string, number>()
  for (const [name, value] of Object.entries(others)) if (value !== undefined) settings.set(name, value)
  const rows = Math.min(max_rows_to_read ?? Infinity, rowsLeft ?? Infinity)
  if (rows !== Infinity) settings.set('max_rows_to_read', rows)
  return settings
}

const mebibyte = 1024 * 1024

/** What every query of a pool starts from. */
export interface PoolSettings {
  api: ReadonlyMap<string, string>
  /** Of those in `api` whose results are held whole. */
  whole: ReadonlyMap<string, string>
  reader: ReadonlyMap<string, string>
}

/** Results that do not stream are held whole, three times over, before they are sent. No query may take all of the engine's memory: inserts need theirs. What does not fit is sorted and grouped on disk. */
export function poolSettings(memoryBytes: number): PoolSettings {
  const share = (ratio: number) => String(Math.floor(memoryBytes * ratio))
  const limits = (ratio: number): [string, string][] => [
    ['max_memory_usage', share(ratio)],
    ['max_bytes_before_external_group_by', share(ratio / 2)],
    ['max_bytes_before_external_sort', share(ratio / 2)],
  ]
  // Four times the memory of one result on its way out, for less than twice its speed.
  const formatting: [string, string] = ['output_format_parallel_formatting', '0']
  // By default a thread for each free gibibyte, which with our memory leaves every query one.
  const threads: [string, string] = ['max_threads_min_free_memory_per_thread', String(64 * mebibyte)]
  return {
    api: new Map([...limits(0.6), ['max_execution_time', '300'], formatting, threads]),
    whole: new Map([['max_result_bytes', share(0.125)]]),
    reader: new Map([
      ...limits(0.5),
      ['max_temporary_data_on_disk_size_for_query', '4000000000'],
      ['allow_introspection_functions', '0'],
      formatting,
      threads,
      ['readonly', '1'],
    ]),
  }
}

export function requestedSettings(query: URLSearchParams, known: ReadonlySet<string>): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [name, value] of query) if (!interfaceParams.has(name) && known.has(name)) settings.set(name, value)
  return settings
}

/** What a reader's query runs with, whatever it asked for. `own`: limits of this user. */
export function readerSettingsFor(
  requested: ReadonlyMap<string, string>,
  fixed: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, number>,
): Map<string, string> {
  const settings = new Map<string, string>([['final', '1']])
  for (const [name, value] of requested) if (readerSettings.test(name)) settings.set(name, value)
  const limits = new Map([...Object.entries(readerLimits), ...own])
  for (const [name, value] of capped(requested, limits)) settings.set(name, value)
  // `readonly` comes last: nothing can be set after it.
  for (const [name, value] of fixed) if (!settings.has(name)) settings.set(name, value)
  return settings
}

/** Each limit, or what was asked for where that is less. */
export function capped(
  requested: ReadonlyMap<string, string>,
  limits: ReadonlyMap<string, number>,
): Map<string, string> {
  return new Map(
    [...limits].map(([name, limit]) => {
      const wanted = Number(requested.get(name))
      return [name, String(wanted > 0 && wanted < limit ? wanted : limit)]
    }),
  )
}

/**
 * One SET that turns what `applied` says is on a connection into what is wanted, or null; updates `applied`.
 * Settings of an earlier query go back to their defaults; bound values stay until they are set again.
 */
export function setStatement(
  applied: Map<string, string>,
  settings: ReadonlyMap<string, string>,
  params: ReadonlyMap<string, string>,
): string | null {
  const changes: string[] = []
  for (const name of applied.keys()) {
    if (settings.has(name)) continue
    changes.push(`${name} = DEFAULT`)
    applied.delete(name)
  }
  for (const [name, value] of settings) {
    if (applied.get(name) === value) continue
    changes.push(`${name} = ${quote(value)}`)
    applied.set(name, value)
  }
  for (const [name, value] of params) changes.push(`param_${name} = ${quote(value)}`)
  return changes.length > 0 ? `SET ${changes.join(', ')}` : null
}

/** ` SETTINGS a = '1'` for the end of an INSERT, or nothing. */
export function settingsClause(settings: ReadonlyMap<string, string>): string {
  const list = [...settings].map(([name, value]) => `${name} = ${quote(value)}`)
  return list.length > 0 ? ` SETTINGS ${list.join(', ')}` : ''
}

export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
