import { expect, test } from 'vitest'
import { clusterAdapter } from './cluster.ts'
import { guarded, shippedMigrations } from './migrate.ts'
import { splitStatements } from './statements.ts'

const adapt = clusterAdapter('main', 'inferwatch')

test('a table becomes a replicated one and a distributed one over it', () => {
  const sql = `CREATE TABLE IF NOT EXISTS requests
(
  a String COMMENT 'ENGINE of it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY a
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'x'`
  expect(adapt(sql)).toEqual([
    `CREATE TABLE IF NOT EXISTS requests_local ON CLUSTER main
(
  a String COMMENT 'ENGINE of it'
)
ENGINE = ReplicatedReplacingMergeTree(version)
ORDER BY a
SETTINGS replicated_deduplication_window = 10000
COMMENT 'x'`,
    `CREATE TABLE IF NOT EXISTS requests ON CLUSTER main AS requests_local
    ENGINE = Distributed('main', 'inferwatch', 'requests_local', cityHash64(trace_id))`,
  ])
})

test('columns change on both tables, TTLs where the rows are', () => {
  expect(adapt('ALTER TABLE spans ADD COLUMN IF NOT EXISTS x String')).toEqual([
    'ALTER TABLE spans_local ON CLUSTER main ADD COLUMN IF NOT EXISTS x String',
    'ALTER TABLE spans ON CLUSTER main ADD COLUMN IF NOT EXISTS x String',
  ])
  expect(adapt('ALTER TABLE spans MODIFY TTL a')).toEqual(['ALTER TABLE spans_local ON CLUSTER main MODIFY TTL a'])
  expect(adapt('ALTER TABLE spans MODIFY COLUMN x TTL a, MODIFY COLUMN y TTL a')).toEqual([
    'ALTER TABLE spans_local ON CLUSTER main MODIFY COLUMN x TTL a, MODIFY COLUMN y TTL a',
  ])
})

test('a table that takes the place of another one does so where the rows are', () => {
  expect(adapt('CREATE TABLE IF NOT EXISTS b AS a\nENGINE = ReplacingMergeTree(version, is_deleted)')[0]).toBe(
    'CREATE TABLE IF NOT EXISTS b_local ON CLUSTER main AS a_local\nENGINE = ReplicatedReplacingMergeTree(version, is_deleted)',
  )
  expect(adapt('ALTER TABLE b ATTACH PARTITION ALL FROM a')).toEqual([
    'ALTER TABLE b_local ON CLUSTER main ATTACH PARTITION ALL FROM a_local',
  ])
  expect(adapt('EXCHANGE TABLES a AND b')).toEqual(['EXCHANGE TABLES a_local AND b_local ON CLUSTER main'])
  expect(adapt('DROP TABLE IF EXISTS b')).toEqual([
    'DROP TABLE IF EXISTS b ON CLUSTER main',
    'DROP TABLE IF EXISTS b_local ON CLUSTER main',
  ])
})

test('a view is one on every node, over the distributed tables', () => {
  expect(adapt('CREATE OR REPLACE VIEW v_a (x Int8) AS SELECT x FROM a FINAL')).toEqual([
    'CREATE OR REPLACE VIEW v_a ON CLUSTER main (x Int8) AS SELECT x FROM a FINAL',
  ])
})

test('a table that inserts into another one fill is filled on each node, from what that node stores', () => {
  expect(
    adapt('CREATE MATERIALIZED VIEW IF NOT EXISTS f TO t\n(\n  x Int8\n)\nAS SELECT x FROM requests\nCOMMENT c'),
  ).toEqual([
    'CREATE MATERIALIZED VIEW IF NOT EXISTS f ON CLUSTER main TO t_local\n(\n  x Int8\n)\nAS SELECT x FROM requests_local\nCOMMENT c',
  ])
})

test('every shipped statement is one that the cluster form covers', () => {
  const statements = shippedMigrations().flatMap(({ sql }) => splitStatements(sql).map((text) => guarded(text).change))
  expect(statements.length).toBeGreaterThan(25)
  for (const statement of statements) {
    const adapted = adapt(statement)
    // Rows that are copied go through the distributed tables.
    const copies = /^INSERT INTO \w+ SELECT/.test(statement)
    expect(copies || adapted.every((text) => text.includes(' ON CLUSTER main'))).toBe(true)
    if (!statement.startsWith('CREATE TABLE')) continue
    const [local, distributed] = adapted
    expect(local).toMatch(
      /^CREATE TABLE IF NOT EXISTS \w+_local ON CLUSTER main( AS \w+_local)?\n[^]*ENGINE = Replicated(Replacing|Aggregating)?MergeTree/,
    )
    expect(distributed).toMatch(/Distributed\('main'/)
  }
})
