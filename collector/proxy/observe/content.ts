/** A prompt as it is stored: text as it is, messages as JSON, files and pictures in it by their size alone. */

/** A shorter text without a space may be a word. */
const leastFile = 1024
/** Data of files as APIs write it: base64, or a data URL. */
const fileData = /^(?:data:[\w.+/-]{1,100}[;,]|[A-Za-z0-9+/_=-]{1024})/
/** In JSON, where such data begins after a quote. */
const mayHoldFile = /"(?:data:|[A-Za-z0-9+/_=-]{1024})/

/** At most about `limit` characters: what is behind them is cut off by the redactor, which says so. */
export function contentText(content: unknown, limit: number): string {
  if (content === undefined || content === null) return ''
  const text = typeof content === 'string' ? content : jsonOf(content)
  return text.length > limit ? text.slice(0, limit) : text
}

/** Most prompts hold no file, and are written several times faster without looking at every value. */
function jsonOf(content: unknown): string {
  const json = JSON.stringify(content) ?? ''
  return json.length > leastFile && mayHoldFile.test(json) ? JSON.stringify(content, withoutFiles) : json
}

function withoutFiles(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length < leastFile || !fileData.test(value)) return value
  return `[${value.length} characters of a file]`
}
