/** Configuration files of the embedded engine: read once, by the first connection of the process. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Roles that connections take with SET ROLE; the engine knows one user only. */
export const roles = { admin: 'inferwatch_admin', reader: 'inferwatch_reader' } as const

const mebibyte = 1024 * 1024

/** Writes the files into `directory` and returns the arguments for the first connection. */
export function writeEngineConfig(directory: string, database: string, memoryBytes: number): string[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const users = join(directory, 'users.xml')
  const server = join(directory, 'config.xml')
  writeFileSync(users, usersXml(database), { mode: 0o600 })
  writeFileSync(server, serverXml(users, memoryBytes), { mode: 0o600 })
  return [`--config-file=${server}`, '--async_load_databases=0']
}

/** The defaults are made for a server of its own: 90 % of the memory, 5 GB of caches, hundreds of threads. */
function serverXml(usersPath: string, memoryBytes: number): string {
  const settings = {
    max_server_memory_usage: memoryBytes,
    mark_cache_size: 64 * mebibyte,
    primary_index_cache_size: 64 * mebibyte,
    uncompressed_cache_size: 0,
    index_mark_cache_size: 8 * mebibyte,
    index_uncompressed_cache_size: 0,
    query_condition_cache_size: 16 * mebibyte,
    page_cache_max_size: 0,
    mmap_cache_size: 100,
    compiled_expression_cache_size: 16 * mebibyte,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 2,
    background_fetches_pool_size: 1,
    background_move_pool_size: 1,
    background_common_pool_size: 2,
    background_schedule_pool_size: 4,
  }
  const lines = Object.entries(settings).map(([name, value]) => `  <${name}>${value}</${name}>`)
  // With two merge threads the defaults for free entries (8 to 25) would forbid merges and mutations altogether.
  return `<clickhouse>
${lines.join('\n')}
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
  </merge_tree>
  <users_config>${usersPath.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</users_config>
</clickhouse>
`
}

/** The quota forbids nothing: with it the engine counts the rows that are read, in `system.quota_usage`. */
function usersXml(database: string): string {
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default><interval><duration>31536000</duration><read_rows>0</read_rows></interval></default></quotas>
  <roles>
    <${roles.admin}><grants><query>GRANT ALL ON *.*</query></grants></${roles.admin}>
    <${roles.reader}><grants><query>GRANT SELECT ON ${database}.*</query></grants></${roles.reader}>
  </roles>
  <users>
    <default>
      <no_password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT ${roles.admin}</query><query>GRANT ${roles.reader}</query></grants>
    </default>
  </users>
</clickhouse>
`
}
