/** Users of the configuration on a ClickHouse server: created there with grants, limits and quotas of the server's own. */
import type { Db } from './client.ts'
import { readerLimits } from './embedded/settings.ts'
import type { EngineUser, UserLimits, UserQuota } from './embedded/users.ts'
import { MigrationError } from './migrate.ts'

/** Makes the server's users those of the configuration. Throws MigrationError when a name belongs to somebody else there. */
export async function applyServerUsers(
  db: Db,
  users: readonly EngineUser[],
  database: string,
  cluster: string | null,
): Promise<void> {
  const known = await db.query<{ name: string; ours: boolean }>(
    `SELECT name, name IN (
      SELECT user_name FROM system.settings_profile_elements WHERE inherit_profile = {prefix:String} || user_name
    ) AS ours FROM system.users`,
    { prefix: profilePrefix(database) },
  )
  const foreign = users.find(({ name }) => known.some((user) => user.name === name && !user.ours))
  if (foreign) {
    throw new MigrationError(
      `clickhouse.users: the server has a user "${foreign.name}" that is not of this configuration: choose another name, or drop that user`,
    )
  }
  const gone = known.filter(({ name, ours }) => ours && !users.some((user) => user.name === name))
  const statements = [
    ...users.flatMap((user) => userStatements(user, database, cluster)),
    ...gone.flatMap(({ name }) => dropStatements(name, database, cluster)),
  ]
  for (const statement of statements) await db.command(statement)
}

/** In order; running them again changes nothing. */
export function userStatements(user: EngineUser, database: string, cluster: string | null): string[] {
  const { name, role, password_sha256 } = user
  const on = onCluster(cluster)
  const profile = quoteName(profilePrefix(database) + name)
  const quota = quotaLimits(user.quota)
  const what = role === 'reader' ? 'SELECT' : 'ALL'
  return [
    `CREATE SETTINGS PROFILE OR REPLACE ${profile}${on} SETTINGS ${profileSettings(user).join(', ')}`,
    `CREATE USER OR REPLACE ${quoteName(name)}${on} IDENTIFIED WITH sha256_hash BY '${password_sha256}' DEFAULT DATABASE ${quoteName(database)} SETTINGS PROFILE ${profile}`,
    `GRANT${on} ${what} ON ${quoteName(database)}.* TO ${quoteName(name)}`,
    quota.length > 0
      ? `CREATE QUOTA OR REPLACE ${profile}${on} KEYED BY user_name FOR INTERVAL 1 hour MAX ${quota.join(', ')} TO ${quoteName(name)}`
      : `DROP QUOTA IF EXISTS ${profile}${on}`,
  ]
}

function dropStatements(name: string, database: string, cluster: string | null): string[] {
  const on = onCluster(cluster)
  const profile = quoteName(profilePrefix(database) + name)
  return [
    `DROP USER IF EXISTS ${quoteName(name)}${on}`,
    `DROP QUOTA IF EXISTS ${profile}${on}`,
    `DROP SETTINGS PROFILE IF EXISTS ${profile}${on}`,
  ]
}

/** Profiles and quotas are called so, which says whose the users are. */
const profilePrefix = (database: string) => `inferwatch:${database}:`

/**
 * Clients send settings with their queries (Grafana a time limit), so a reader may set them (readonly = 2), but none beyond its
 * limits. 0 would mean no limit at all: hence the least values.
 */
function profileSettings({ role, limits }: EngineUser): string[] {
  const all = limitsOf(role === 'reader' ? { ...readerLimits, ...limits } : limits)
  const held = Object.entries(all).map(([name, value]) => `${name} = ${value} MIN ${Math.min(1, value)} MAX ${value}`)
  return role === 'reader' ? ['readonly = 2', 'allow_ddl = 0 CONST', 'final = 1', ...held] : ['readonly = 0', ...held]
}

function limitsOf({ max_concurrent_queries, ...others }: UserLimits): Record<string, number> {
  const named: Record<string, number | undefined> = {
    ...others,
    max_concurrent_queries_for_user: max_concurrent_queries,
  }
  return Object.fromEntries(Object.entries(named).filter((entry): entry is [string, number] => entry[1] !== undefined))
}

function quotaLimits(quota: UserQuota): string[] {
  return Object.entries(quota)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.replace('_per_hour', '')} = ${value}`)
}

const onCluster = (cluster: string | null) => (cluster ? ` ON CLUSTER ${quoteName(cluster)}` : '')

function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
