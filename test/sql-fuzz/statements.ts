/** Statements that try to get out, made of a seed and a number alone. */
import type { Traps } from './canaries.ts'

export interface Attack {
  /** Where the text stands: in the address, in the body, half in each, or in a form. */
  place: 'query' | 'body' | 'both' | 'form'
  sql: string
  /** Besides the text: bound values, settings, formats. */
  params: Record<string, string>
}

type Paths = Pick<Traps, 'secretFile' | 'outFile' | 'url'>

/** One after the other, always the same for a seed: mulberry32. */
export class Dice {
  private state: number

  constructor(seed: number, number: number) {
    this.state = (seed * 0x9e3779b1 + number * 0x85ebca6b) >>> 0
  }

  /** From 0 to below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.next() * list.length)]
    if (item === undefined) throw new RangeError('an empty list to pick from')
    return item
  }

  chance(share: number): boolean {
    return this.next() < share
  }
}

export function attack(seed: number, number: number, paths: Paths, functions: readonly string[]): Attack {
  const dice = new Dice(seed, number)
  const params: Record<string, string> = {
    param_d: dice.pick(['system', 'elsewhere', 'default', 'inferwatch']),
    param_t: dice.pick(['processes', 'vault', 'tables', 'query_log']),
    param_p: dice.pick([paths.secretFile, '/proc/self/environ', paths.outFile]),
    param_f: dice.pick(['file', 'url', 'merge']),
  }
  if (dice.chance(0.3)) Object.assign(params, wishes(dice, paths))
  const place = dice.pick(['query', 'body', 'body', 'both', 'form'] as const)
  // Half of them look innocent: those get past the gate, and try what the engine does with them.
  if (dice.chance(0.5)) return { place, sql: innocent(dice, paths, functions), params }
  const statement = disguised(dice, wrapped(dice, dangerous(dice, paths, functions), paths))
  return { place, sql: dice.chance(0.15) ? damaged(dice, statement) : statement, params }
}

/** Any function of the engine with arguments that name files, hosts, tables and queries: none of them need be on anybody's list. */
function innocent(dice: Dice, paths: Paths, functions: readonly string[]): string {
  const text = () =>
    quote(
      dice.pick([
        paths.secretFile,
        `file://${paths.secretFile}`,
        '/proc/self/environ',
        paths.outFile,
        `${paths.url}/a.csv`,
        'elsewhere.vault',
        'system.processes',
        'elsewhere',
        'vault',
        'a',
        'SELECT a FROM elsewhere.vault',
        '{"a":1}',
      ]),
    )
  const argument = (): string =>
    dice.pick([
      text,
      text,
      () => '{p:String}',
      () => 'number',
      () => '1',
      () => `[${text()}]`,
      () => `toNullable(${text()})`,
    ])()
  const call = (depth: number): string => {
    const count = Math.floor(dice.next() * 4)
    const args = Array.from({ length: count }, () => (depth > 0 && dice.chance(0.2) ? call(depth - 1) : argument()))
    return `${dice.pick(functions)}(${args.join(', ')})`
  }
  const value = call(2)
  return dice.pick([
    () => `SELECT ${value}`,
    () => `SELECT ${value} FROM numbers(3)`,
    () => `WITH a AS (SELECT ${value} AS b) SELECT toString(b) FROM a FORMAT JSON`,
    () => `SELECT * APPLY(x -> ${value}) FROM numbers(2)`,
    () => `EXPLAIN ${dice.pick(['', 'SYNTAX ', 'QUERY TREE ', 'actions = 1 '])}SELECT ${value}`,
    () => `DESCRIBE (SELECT ${value} AS a)`,
    () => `SHOW TABLES WHERE toString(${value}) != name`,
    () => `SELECT arrayMap(x -> ${value}, [1, 2])`,
    () => `SELECT * FROM system.${dice.pick(readable)} WHERE NOT ignore(${value}) LIMIT 50`,
    () => `SELECT * FROM system.${dice.pick(readable)} LIMIT 200 FORMAT ${dice.pick(formats)}`,
    () =>
      `SELECT * FROM information_schema.${dice.pick(['tables', 'columns', 'schemata', 'views', 'statistics'])} FORMAT CSV`,
    () =>
      `SELECT * FROM ${dice.pick(['requests', 'spans', 'inferwatch.targets'])} WHERE NOT ignore(${value}) FORMAT ${dice.pick(formats)}`,
  ])()
}

const readable = [
  'tables',
  'columns',
  'databases',
  'settings',
  'functions',
  'table_functions',
  'formats',
  'completions',
  'build_options',
]
const formats = [
  'CSV',
  'JSON',
  'Native',
  'Parquet',
  'Arrow',
  'XML',
  'SQLInsert',
  'Avro',
  'MsgPack',
  'Prometheus',
  'Npy',
  'RawBLOB',
  'MySQLWire',
  'Buffers',
  'PNG',
]

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** An expression, or a whole table expression, that would reach something. */
function dangerous(dice: Dice, paths: Paths, functions: readonly string[]): { kind: 'value' | 'table'; sql: string } {
  const path = quote(
    dice.pick([paths.secretFile, '/proc/self/environ', '/etc/passwd', paths.outFile, `../../../${paths.secretFile}`]),
  )
  const url = quote(`${paths.url}/${dice.pick(['a.csv', 'a/b.parquet', ''])}`)
  const word = quote(dice.pick(['elsewhere.vault', 'system.processes', 'vault', 'a', '.*', 'SELECT 1', 'TSV']))
  const argument = () => dice.pick([path, url, word, '{p:String}', '1', "'TSV'", "'a String'", 'range(10)', 'number'])
  const values = [
    () => `file(${path})`,
    () => `${name(dice, 'file')}(${path})`,
    () => `arrayMap(x -> ${name(dice, 'file')}(x), [${path}])`,
    () => `file({p:String})`,
    () => `catboostEvaluate(${path}, 1)`,
    () => `joinGet(${word}, 'a', 1)`,
    () => `dictGet(${word}, 'a', toUInt64(1))`,
    () => `(SELECT any(a) FROM ${table(dice)})`,
    () => `'a' IN ${table(dice)}`,
    () => `getServerSetting(${word})`,
    () => `hasColumnInTable('elsewhere', 'vault', 'a')`,
    () => `getMacro(${word})`,
    // Every function of the engine gets its turn: one that reads a file or calls out need not be on anybody's list.
    ...Array.from({ length: 6 }, () => () => {
      const count = Math.floor(dice.next() * 4)
      return `${name(dice, dice.pick(functions))}(${Array.from({ length: count }, argument).join(', ')})`
    }),
  ]
  const tables = [
    () => table(dice),
    () => `file(${path}, 'RawBLOB', 'a String')`,
    () => `url(${url}, 'RawBLOB', 'a String')`,
    () => `merge(${dice.pick(["'elsewhere'", "'system'", "REGEXP('.*')"])}, '.*')`,
    () =>
      `${name(dice, dice.pick(['remote', 'remoteSecure', 'cluster', 'clusterAllReplicas']))}('127.0.0.1', ${table(dice)})`,
    () =>
      `${name(dice, dice.pick(tableFunctions))}(${Array.from({ length: 1 + Math.floor(dice.next() * 4) }, argument).join(', ')})`,
    () => `view(SELECT * FROM ${table(dice)})`,
    () => `viewIfPermitted(SELECT a FROM ${table(dice)} ELSE null('a String'))`,
    () => `loop(${table(dice)})`,
    () => `(EXPLAIN SELECT file(${path}))`,
  ]
  return dice.chance(0.6) ? { kind: 'value', sql: dice.pick(values)() } : { kind: 'table', sql: dice.pick(tables)() }
}

const tableFunctions =
  'file fileCluster filesystem url urlCluster s3 s3Cluster gcs oss cosn hdfs azureBlobStorage iceberg icebergLocal deltaLakeLocal paimonLocal hudi mysql postgresql mongodb redis odbc jdbc sqlite executable input dictionary mergeTreeIndex mergeTreeProjection mergeTreeAnalyzeIndexes eval fuzzQuery viewExplain timeSeriesData prometheusQuery ytsaurus arrowstream format'.split(
    ' ',
  )

/** Another database's table or a system table, written in one of many ways. */
function table(dice: Dice): string {
  const [database, name] = dice.pick([
    ['elsewhere', 'vault'],
    ['system', 'processes'],
    ['system', 'query_log'],
    ['system', 'server_settings'],
    ['system', 'stack_trace'],
    ['system', 'user_processes'],
    ['information_schema', 'tables'],
  ] as const)
  const dot = dice.pick(['.', ' . ', '/**/./**/', '.\n'])
  const quotes = dice.pick(['', '`', '"'])
  return dice.pick([
    `${quotes}${database}${quotes}${dot}${quotes}${name}${quotes}`,
    `{d:Identifier}${dot}{t:Identifier}`,
    `${database}${dot}{t:Identifier}`,
    `\`${database}.${name}\``,
    `${database.toUpperCase()}${dot}${name.toUpperCase()}`,
  ])
}

/** A name as written, in other letters, quoted, or spelled with escapes. */
function name(dice: Dice, text: string): string {
  const at = Math.floor(dice.next() * text.length)
  const escape = `\\x${text.charCodeAt(at).toString(16).padStart(2, '0')}`
  return dice.pick([
    text,
    text,
    text,
    text.toUpperCase(),
    `\`${text}\``,
    `"${text}"`,
    `\`${text.slice(0, at)}${escape}${text.slice(at + 1)}\``,
    `${text}/**/`,
    `${text} `,
  ])
}

/** A statement around it. */
function wrapped(dice: Dice, { kind, sql }: { kind: 'value' | 'table'; sql: string }, paths: Paths): string {
  const select = dice.pick(
    kind === 'value'
      ? [
          `SELECT ${sql}`,
          `SELECT ${sql} AS a`,
          `SELECT toString(${sql})`,
          `SELECT * FROM (SELECT ${sql} AS a)`,
          `WITH ${sql} AS a SELECT a`,
          `WITH a AS (SELECT ${sql} AS b) SELECT * FROM a`,
          `SELECT 1 UNION ALL SELECT ${sql}`,
          `SELECT 1 WHERE (${sql}) != ''`,
          `SELECT number FROM numbers(3) ORDER BY ${sql}`,
          `SELECT count() FROM numbers(3) GROUP BY ${sql}`,
          `SELECT throwIf(1, ${sql})`,
          `SELECT * APPLY(x -> ${sql}) FROM numbers(1)`,
          `SELECT number, ${sql} OVER () FROM numbers(2)`,
          `SELECT arrayMap(x -> ${sql}, [1])`,
          `SELECT if(1, ${sql}, NULL)`,
          `SHOW TABLES WHERE name != ${sql}`,
          `SHOW COLUMNS FROM requests WHERE field != ${sql}`,
          `SELECT formatQuery(${sql})`,
          sql,
        ]
      : [
          `SELECT * FROM ${sql}`,
          `SELECT count() FROM ${sql}`,
          `SELECT * FROM (SELECT * FROM ${sql} LIMIT 3) AS a`,
          `WITH a AS (SELECT * FROM ${sql}) SELECT * FROM a`,
          `SELECT (SELECT any(tuple(*)) FROM ${sql})`,
          `SELECT * FROM numbers(1) AS a, ${sql} AS b`,
          `SELECT * FROM numbers(1) AS a LEFT JOIN ${sql} AS b ON 1`,
          `SELECT 1 IN (SELECT * FROM ${sql})`,
          `DESCRIBE TABLE ${sql}`,
          `DESC ${sql}`,
          `DESCRIBE (SELECT * FROM ${sql})`,
          `SHOW CREATE TABLE ${sql}`,
          `SHOW COLUMNS FROM ${sql}`,
          `EXISTS TABLE ${sql}`,
          `CHECK TABLE ${sql}`,
          `INSERT INTO FUNCTION ${sql} SELECT 1`,
          `CREATE VIEW v AS SELECT * FROM ${sql}`,
          `TRUNCATE TABLE ${sql}`,
        ],
  )
  const explained = dice.chance(0.15)
    ? `EXPLAIN ${dice.pick(['', 'AST ', 'SYNTAX ', 'PLAN ', 'PIPELINE ', 'ESTIMATE ', 'QUERY TREE '])}${select}`
    : select
  return explained + tail(dice, paths)
}

function tail(dice: Dice, { outFile }: Paths): string {
  if (dice.chance(0.55)) return ''
  return dice.pick([
    ` INTO OUTFILE ${quote(outFile)}`,
    ` INTO/**/OUTFILE ${quote(outFile)} TRUNCATE FORMAT CSV`,
    ` FORMAT ${dice.pick(['CSV', 'JSON', 'Protobuf', 'ProtobufList', 'Template', 'Parquet', 'Native', 'Null', 'Arrow'])}`,
    ` SETTINGS ${dice.pick(settings)} = ${dice.pick(['0', '1', quote(outFile)])}`,
    ` SETTINGS ${dice.pick(settings)} = 1 FORMAT CSV`,
    `; ${dice.pick(statements)}`,
    " UNION ALL SELECT ''' --",
    ' LIMIT 5',
    ` -- ${dice.pick(statements)}`,
    `\n\n${dice.pick(statements)}`,
  ])
}

const settings =
  'readonly allow_ddl max_execution_time max_memory_usage output_format_schema format_schema allow_experimental_eval_table_function allow_introspection_functions max_result_rows format_template_resultset stream_like_engine_allow_direct_select default_database'.split(
    ' ',
  )

const statements = [
  'SYSTEM STOP MERGES',
  'SYSTEM SHUTDOWN',
  'KILL QUERY WHERE 1 ASYNC',
  'SET ROLE ALL',
  'SET readonly = 0',
  'USE elsewhere',
  'DROP TABLE elsewhere.vault',
  'TRUNCATE TABLE requests',
  'INSERT INTO requests (model) VALUES (1)',
  'CREATE TABLE made (a Int8) ENGINE = Memory',
  'CREATE FUNCTION made AS (x) -> x',
  'SHOW PROCESSLIST',
  'SELECT query FROM system.processes',
  'SELECT * FROM elsewhere.vault',
  'DETACH TABLE requests',
  'OPTIMIZE TABLE requests FINAL',
  'GRANT ALL ON *.* TO default',
]

/** Comments, blanks and quotes that two readers of SQL could take for different things. */
function disguised(dice: Dice, sql: string): string {
  let text = dice.chance(0.1) ? dice.pick(statements) : sql
  if (dice.chance(0.3)) {
    text = text.replace(/ /g, () =>
      dice.chance(0.8)
        ? ' '
        : dice.pick(['/**/', '\t', '\n', ' -- a\n', "/* ' */", '\u00a0', '\u2003', '\f', '# a\n', '\r\n', '/* /* */']),
    )
  }
  if (dice.chance(0.2)) {
    const cloak = dice.pick([
      ["SELECT 'a\\'', ", ''],
      ["SELECT 'a''', ", ''],
      ['SELECT "a""", ', ''],
      ['SELECT `a```, ', ''],
      ["SELECT $a$ ' $a$, ", ", $a$ ' $a$"],
      ["SELECT /* ' */ ", " /* ' */"],
      ["SELECT ‘'’, ", ", ‘'’"],
      ["SELECT x'27', ", ''],
      ['\ufeff', ''],
      ['(', ')'],
      ['/*! ', ' */'],
      ["SELECT '--', ", ''],
      ['SELECT {p:String}, ', ''],
      ['SELECT currentUser(), ', ''],
    ] as const)
    text = `${cloak[0]}${text.replace(/^SELECT /, '')}${cloak[1]}`
  }
  return dice.chance(0.1)
    ? text.replace(/SELECT|FROM|WITH/gi, (word) => (dice.chance(0.5) ? word.toLowerCase() : word))
    : text
}

function damaged(dice: Dice, sql: string): string {
  let text = sql
  for (let times = 1 + Math.floor(dice.next() * 3); times > 0; times--) {
    const at = Math.floor(dice.next() * (text.length + 1))
    const piece = dice.pick([
      "'",
      '"',
      '`',
      '\\',
      ';',
      '--',
      '/*',
      '*/',
      '(',
      ')',
      '\0',
      '$$',
      '’',
      '{',
      '}',
      '.',
      ',',
      'user()',
    ])
    text = dice.chance(0.5)
      ? text.slice(0, at) + piece + text.slice(at)
      : text.slice(0, at) + text.slice(at + 1 + Math.floor(dice.next() * 4))
  }
  return text
}

/** What a request may ask for in its address. */
function wishes(dice: Dice, { outFile }: Paths): Record<string, string> {
  const name = dice.pick([...settings, 'database', 'default_format', 'role', 'profile', 'session_id', 'user'])
  const value = dice.pick([
    '0',
    '1',
    'system',
    'elsewhere',
    outFile,
    'Protobuf',
    'Template',
    'writer',
    'ALL',
    `CSV INTO OUTFILE ${quote(outFile)}`,
  ])
  return { [name]: value }
}
