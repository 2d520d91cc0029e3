/** Errors of the engine as the ClickHouse HTTP interface tells them: status, headers and body. */

export class EngineError extends Error {
  override readonly name = 'EngineError'
  /** ClickHouse's number, 0 when unknown. */
  readonly code: number

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** From what the addon throws: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`, its prefix sometimes twice. */
  static from(error: unknown): EngineError {
    if (error instanceof EngineError) return error
    const text = error instanceof Error ? error.message : String(error)
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))) {
      return new EngineError(codes.badArguments, `the body cannot be unpacked: ${text}`, { cause: error })
    }
    if (error instanceof Error && 'errno' in error && 'code' in error) {
      // A file of ours: full disks and the like pass, so the code must be one that clients try again on.
      const full = error.code === 'ENOSPC' || error.code === 'EDQUOT'
      return new EngineError(full ? codes.notEnoughSpace : codes.systemError, text, { cause: error })
    }
    const code = /Code: (\d+)/.exec(text)
    const message = text
      .replace(/^(Query failed: )?(Code: \d+\. DB::Exception: )+/, '')
      // Some come with the version once or twice: the body gets it at its end.
      .replace(/(\(version [\d.]+\)[.\s]*(\([A-Z0-9_]+\)\s*)?)+$/, '')
      .trimEnd()
    return new EngineError(code ? Number(code[1]) : 1001, message, { cause: error })
  }
}

/** Codes that this server itself answers with. */
export const codes = {
  badArguments: 36,
  syntax: 62,
  tooManyQueries: 202,
  requiredPassword: 194,
  authenticationFailed: 516,
  nonGrantedRole: 512,
  accessDenied: 497,
  cancelled: 394,
  timeout: 159,
  tooManyBytes: 396,
  readonly: 164,
  quotaExceeded: 201,
  sessionNotFound: 372,
  sessionLocked: 373,
  sameQueryId: 216,
  unknownParameter: 456,
  notImplemented: 48,
  cannotDecompress: 271,
  notEnoughSpace: 243,
  systemError: 425,
} as const

/** Names of the codes above; the engine's own messages already end with theirs. */
const names: Record<number, string> = {
  36: 'BAD_ARGUMENTS',
  62: 'SYNTAX_ERROR',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  194: 'REQUIRED_PASSWORD',
  516: 'AUTHENTICATION_FAILED',
  512: 'SET_NON_GRANTED_ROLE',
  497: 'ACCESS_DENIED',
  394: 'QUERY_WAS_CANCELLED',
  159: 'TIMEOUT_EXCEEDED',
  396: 'TOO_MANY_ROWS_OR_BYTES',
  164: 'READONLY',
  201: 'QUOTA_EXCEEDED',
  372: 'SESSION_NOT_FOUND',
  373: 'SESSION_IS_LOCKED',
  216: 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
  456: 'UNKNOWN_QUERY_PARAMETER',
  48: 'NOT_IMPLEMENTED',
  243: 'NOT_ENOUGH_SPACE',
  271: 'CANNOT_DECOMPRESS',
  425: 'SYSTEM_ERROR',
  1001: 'STD_EXCEPTION',
}

/** As exceptionCodeToHTTPStatus.cpp has it; anything else is 500. */
const statuses: Record<number, readonly number[]> = {
  400: [6, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 71, 72, 117, 131, 168, 170, 184, 185, 215, 386, 456, 457],
  401: [194],
  403: [192, 193, 497, 512, 516],
  404: [16, 20, 46, 47, 50, 52, 56, 60, 63, 73, 78, 81, 115, 128, 336, 511],
  408: [159],
  413: [307],
  501: [48],
  503: [202, 209, 210, 439],
}
const statusOf = new Map(
  Object.entries(statuses).flatMap(([status, list]) => list.map((code) => [code, Number(status)])),
)

export function httpStatus(code: number): number {
  return statusOf.get(code) ?? 500
}

/** The body that clients parse: `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version 26.7.2.1)`. */
export function errorBody(error: EngineError, version: string): string {
  const named = /\([A-Z0-9_]+\)$/.test(error.message)
  const name = names[error.code] ?? 'UNKNOWN'
  return `Code: ${error.code}. DB::Exception: ${error.message}${named ? '' : ` (${name})`} (version ${version})\n`
}
