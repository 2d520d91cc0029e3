/**
 * What the `reader` may run. The engine's readonly mode is no sandbox in an embedded engine: file() reads any file, INTO
 * OUTFILE writes any, DESCRIBE url() calls out. So a text passes this gate, the engine's own classifier, a role that sees one database,
 * and limits; each stops what the others let through.
 */
import { codes, EngineError } from './errors.ts'
import { pathColumns } from './system-paths.ts'
import { isSymbol, type Token, TokenError, tokenize } from './tokens.ts'

/** Longest text of a reader's query, in characters. */
const maxQueryLength = 256 * 1024

/** First words, and second ones where the first says too little. */
const statements: Record<string, readonly string[] | null> = {
  select: null,
  with: null,
  from: null,
  '(': null,
  explain: null,
  describe: null,
  desc: null,
  exists: null,
  show: [
    'tables',
    'databases',
    'columns',
    'fields',
    'create',
    'full',
    'index',
    'indexes',
    'indices',
    'keys',
    'functions',
    'settings',
    'table',
  ],
}

/** First words of statements that a reader may not run. Any other word begins none, and is a mistake rather than a wish. */
const otherStatements = new Set(
  'alter analyze apply attach backup begin check commit copy create delete detach drop exchange execute grant import insert kill move optimize rename replace restore revoke rollback set start system truncate undrop unset update use watch'.split(
    ' ',
  ),
)

/** Refused wherever they stand as a name: scalar functions work without parentheses too (`* APPLY file`). */
const forbiddenNames = new Set([
  'file',
  'eval',
  'fuzzquery',
  'fuzzjson',
  'catboostevaluate',
  'getserversetting',
  'getclienthttpheader',
  'showcertificate',
  'addresstoline',
  'addresstolinewithinlines',
  'addresstosymbol',
  'demangle',
  'logtrace',
  'filesystempath',
  'outfile',
  'infile',
  'processlist',
  'joinget',
  'joingetornull',
  'hascolumnintable',
  'mergetreeindex',
  'mergetreeprojection',
  'identifier',
])
/** One call takes minutes: their time grows with the product of two lengths, and they never look at the clock. */
const slowFunctions =
  /^(editdistance(utf8)?|(damerau)?levenshteindistance(utf8)?|array(levenshteindistance(weighted)?|similarity))$/i
/** Formats with a file beside the result, for a schema or a template. */
const fileFormats = /^(protobuf\w*|capnproto|template\w*|avroconfluent)$/i
/** Functions that call models or the network. */
const forbiddenPrefix =
  /^(ai[A-Z]|AI[A-Z_]|llm|s3|gcs|azure|hdfs|iceberg|deltalake|hudi|paimon|remote|mysql|postgresql|mongo|redis|odbc|jdbc|executable|sqlite)/i

/** Table functions that touch neither files, network nor other users. */
const harmlessTableFunctions = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generate_series',
  'generateseries',
  'values',
  'view',
  'format',
  'null',
  'primes',
])

const systemTables = new Set(
  'one numbers tables columns databases functions table_functions settings formats data_type_families keywords time_zones table_engines build_options collations aggregate_function_combinators completions documentation'.split(
    ' ',
  ),
)

/**
 * The text to run, without comments. Throws EngineError 497 that names what is refused, or 62 for what is no statement.
 * `tableFunctions`: every table function of this engine, lower case.
 */
export function gateReaderQuery(sql: string, tableFunctions: ReadonlySet<string>): string {
  if (sql.length > maxQueryLength)
    throw new EngineError(codes.syntax, `query is longer than ${maxQueryLength} characters`)
  const { tokens, stripped } = tokensOf(sql)
  checkStatement(tokens)
  for (let i = 0; i < tokens.length; i++) checkName(tokens, i, tableFunctions)
  return stripped.trim().replace(/[;\s]+$/, '')
}

/** Throws EngineError 497 for a format that could touch files. */
export function checkReaderFormat(name: string): void {
  if (fileFormats.test(name)) refuse(`FORMAT ${name}`)
}

function tokensOf(sql: string) {
  try {
    return tokenize(sql)
  } catch (cause) {
    if (cause instanceof TokenError) throw new EngineError(codes.syntax, cause.message, { cause })
    throw cause
  }
}

function checkStatement(tokens: readonly Token[]): void {
  const end = tokens.findLastIndex((token) => token.text !== ';' || token.kind !== 'symbol')
  if (tokens.slice(0, end).some((token) => token.kind === 'symbol' && token.text === ';'))
    refuse('more than one statement')
  const first = tokens[0]?.text.toLowerCase() ?? ''
  const seconds = statements[first]
  if (seconds === undefined || !Object.hasOwn(statements, first)) {
    if (otherStatements.has(first)) refuse(`${first.toUpperCase()} statements`)
    throw noStatement(tokens[0])
  }
  const second = tokens[1]?.text.toLowerCase() ?? ''
  if (seconds && !seconds.includes(second)) refuse(`${first} ${second}`.toUpperCase())
  if (first === 'show') checkShow(tokens)
}

/** Its WHERE reads the engine's own tables as they are, with where their files lie. */
function checkShow(tokens: readonly Token[]): void {
  for (const [at, token] of tokens.entries()) {
    const path = (token.kind === 'word' || token.kind === 'quoted') && pathColumns.has(token.text.toLowerCase())
    const many = (/^columns$/i.test(token.text) && isSymbol(tokens[at + 1], '(')) || isSymbol(token, '*')
    if (path || many) refuse(`${token.text} in SHOW`)
  }
}

/** As the engine says it. */
function noStatement(first: Token | undefined): EngineError {
  if (first === undefined || first.text === ';') return new EngineError(codes.syntax, 'Empty query')
  const expected = 'SELECT, WITH, SHOW, DESCRIBE, EXISTS, EXPLAIN'
  const said = first.text.slice(0, 100)
  return new EngineError(
    codes.syntax,
    `Syntax error: failed at position 1 (${said}): ${said}. Expected one of: ${expected}`,
  )
}

function checkName(tokens: readonly Token[], at: number, tableFunctions: ReadonlySet<string>): void {
  const token = tokens[at]
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return
  if (token.kind === 'quoted' && token.text.includes('\\')) refuse('escapes in quoted names')
  const name = token.text.toLowerCase()
  const called = isSymbol(tokens[at + 1], '(')
  if (forbiddenNames.has(name) || slowFunctions.test(name)) refuse(token.text)
  // In subqueries the engine takes any, also in readonly mode.
  if (name === 'settings' && token.kind === 'word' && !namesSettings(tokens, at)) {
    throw new EngineError(codes.readonly, 'reader: SETTINGS may not stand in a query: give them in the address')
  }
  if (name === 'format' && !called) checkReaderFormat(tokens[at + 1]?.text ?? '')
  if (called && (forbiddenPrefix.test(token.text) || (tableFunctions.has(name) && !harmlessTableFunctions.has(name)))) {
    refuse(`${token.text}()`)
  }
  if (name === 'system' && isSymbol(tokens[at + 1], '.')) {
    const table = tokens[at + 2]?.text.toLowerCase() ?? ''
    if (!systemTables.has(table)) refuse(`system.${table}`)
  }
}

/** `system.settings` and `SHOW SETTINGS`: a name, not the clause. */
function namesSettings(tokens: readonly Token[], at: number): boolean {
  if (at === 1) return tokens[0]?.text.toLowerCase() === 'show'
  return isSymbol(tokens[at - 1], '.') && tokens[at - 2]?.text.toLowerCase() === 'system'
}

function refuse(what: string): never {
  throw new EngineError(codes.accessDenied, `reader: not enough privileges for ${what}`)
}
