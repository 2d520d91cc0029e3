/** The code of a failure of the system, as ENOENT; of one that has none, its text. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
