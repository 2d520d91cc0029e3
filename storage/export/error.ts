/** An export cannot be done; the message is one line that says what and where, without secrets. */
export class ExportError extends Error {
  override readonly name = 'ExportError'
}
