/** Counts in place of estimates, where there is a tokenizer for the model. The source stays `estimated`: the vendor did not say. */
import { tpotMs } from '../../../records/llm-request.ts'
import type { SeenCall } from '../../pipeline.ts'
import type { TextSample } from '../usage/estimate.ts'
import { encodingOf, type Encoding, type TokenCounter } from './counter.ts'

/** Samples of the texts whose tokens were estimated. */
export interface Estimated {
  input: TextSample | null
  output: TextSample | null
}

/** Changes the calls that `samplesOf` knows. Never rejects. */
export async function refine(
  calls: readonly SeenCall[],
  samplesOf: (call: SeenCall) => Estimated | undefined,
  counter: TokenCounter,
): Promise<void> {
  const asked = new Map<Encoding, { sample: TextSample; set: (tokens: number) => void }[]>()
  for (const call of calls) {
    const { input, output } = samplesOf(call) ?? {}
    const { request } = call
    const encoding = encodingOf(request.model)
    if (encoding === null) continue
    const list = asked.get(encoding) ?? []
    asked.set(encoding, list)
    if (input && input.sample !== '') list.push({ sample: input, set: (tokens) => (request.input_tokens = tokens) })
    if (output && output.sample !== '') list.push({ sample: output, set: (tokens) => setOutput(call, tokens) })
  }
  for (const [encoding, list] of asked) {
    if (list.length === 0) continue
    const counts = await counter.count(
      encoding,
      list.map(({ sample }) => sample.sample),
    )
    for (const [at, { sample, set }] of list.entries()) if (counts) set(sample.scaled(counts[at] ?? 0))
  }
  for (const { request, span } of calls) {
    if (request.usage_source !== 'estimated') continue
    if (request.input_tokens !== null) span.attributes.set('gen_ai.usage.input_tokens', request.input_tokens)
    if (request.output_tokens !== null) span.attributes.set('gen_ai.usage.output_tokens', request.output_tokens)
  }
}

function setOutput({ request }: SeenCall, tokens: number): void {
  request.output_tokens = tokens
  request.tpot_ms = tpotMs(request.duration_ms, request.ttft_ms, tokens)
}
