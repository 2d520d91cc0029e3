/** Why a scrape failed: `reason` is a stable word for counting, the message says what to do. */
export class ScrapeError extends Error {
  override name = 'ScrapeError'
  readonly reason: string

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
