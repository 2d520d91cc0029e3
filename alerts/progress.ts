/** Where a long command says how far it is; the command line shows it as a bar. */
export interface Progress {
  /** `total` in the unit of `update`. */
  start(total: number | null): void
  update(done: number, rows: number): void
  stop(): void
}
