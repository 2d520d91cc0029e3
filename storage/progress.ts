import { SingleBar } from 'cli-progress'

/** Where a long command says how far it is. */
export interface Progress {
  /** `total` in the unit of `update`; null when the end is not known beforehand. */
  start(total: number | null): void
  update(done: number, rows: number): void
  stop(): void
}

export const noProgress: Progress = { start: () => {}, update: () => {}, stop: () => {} }

/** A bar on a terminal; nothing where nobody watches. `what` are the rows that `update` counts. */
export function barProgress(stream: NodeJS.WriteStream = process.stderr, what = 'rows'): Progress {
  if (!stream.isTTY) return noProgress
  let known = true
  const open = () =>
    new SingleBar({
      format: known
        ? `{bar} {percentage}% · {rows} ${what} · {eta_formatted} left`
        : `{rows} ${what} · {duration_formatted}`,
      stream,
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
    })
  let bar: SingleBar | null = null
  return {
    start(total) {
      known = total !== null
      bar = open()
      bar.start(total ?? 1, 0, { rows: 0 })
    },
    update(done, rows) {
      const shown = rows.toLocaleString('en-US')
      if (known) bar?.update(done, { rows: shown })
      else bar?.update({ rows: shown })
    },
    stop() {
      bar?.stop()
      bar = null
    },
  }
}
