/** Whether an endpoint had to load its model first, which is slow or refused for other reasons than trouble. Pure. */
import type { ColdStart } from '../../records/probe.ts'

/** An answer that says so: llama.cpp, TGI, and others behind which a server is being started. */
const loading = /\b(loading model|model is (currently )?loading|currently loading|is warming up|starting up)\b/i
/** Of Ollama, in nanoseconds; a model that is there already takes less than a tenth of a second. */
const loadDuration = /"load_duration":\s*(\d+)/
const loadedNs = 1e9

const leastMs = 3_000
const timesUsual = 10
const leastUsual = 5

export interface Answered {
  status: number | null
  /** The end of the answer. */
  text: string
  ttft_ms: number | null
}

/** `usual`: TTFT of former probes that were no cold starts, in ms. */
export function coldStart({ status, text, ttft_ms }: Answered, usual: readonly number[]): ColdStart {
  if (status !== null && status >= 500 && loading.test(text)) return 'reported'
  const loadedIn = Number(loadDuration.exec(text)?.[1] ?? 0)
  if (loadedIn >= loadedNs) return 'reported'
  if (ttft_ms === null || usual.length < leastUsual) return ''
  const median = usual.toSorted((a, b) => a - b)[Math.floor(usual.length / 2)] ?? Infinity
  return ttft_ms > leastMs && ttft_ms > median * timesUsual ? 'suspected' : ''
}
