/** An import that cannot start or go on; the message is one line that says what to do. What was imported before stays. */
export class ImportError extends Error {
  override name = 'ImportError'
}
