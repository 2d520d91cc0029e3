import { Session } from 'chdb'

/** Writes the rows of a SELECT as a Parquet file: for tests, in their own process. */
export function writeParquet(path: string, select: string): void {
  const session = new Session()
  try {
    session.query(`${select} INTO OUTFILE '${path}' TRUNCATE FORMAT Parquet`)
  } finally {
    session.close()
  }
}
