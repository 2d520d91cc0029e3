/** `node main.ts alerts import`: files of Prometheus and its like, as ours. */
import { readFile, writeFile } from 'node:fs/promises'
import { errorCode } from '../../records/error-code.ts'
import { ConfigError } from '../yaml-file.ts'
import { importText } from './index.ts'

export interface ImportFlags {
  /** Where the result goes; it is printed unless said. */
  output?: string
}

/** `say` tells what was carried over and what was not, apart from the result. Throws ConfigError. */
export async function importCommand(
  path: string,
  { output }: ImportFlags,
  print: (text: string) => void,
  say: (line: string) => void,
): Promise<void> {
  const source = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path}: cannot be read (${errorCode(cause)})`, { cause })
  })
  const { text, summary, notes } = importText(source, path)
  if (output === undefined) print(text)
  else
    // Never over a file that somebody has worked on.
    await writeFile(output, text, { flag: 'wx' }).catch((cause: unknown) => {
      throw new ConfigError(`${output}: cannot be written (${errorCode(cause)})`, { cause })
    })
  for (const note of notes) say(note)
  say(`${summary}${output === undefined ? '' : ` written to ${output}`}; ${notes.length} notes`)
}
