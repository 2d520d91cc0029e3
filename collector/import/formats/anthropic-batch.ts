/** The results of Anthropic's message batches: one line a call. https://docs.claude.com/en/docs/build-with-claude/batch-processing */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { readResponseBody } from './body.ts'
import { identify, setInputBasis, setSuccess, setUsageSource } from './fields.ts'
import type { RequestFormat } from './format.ts'
import { at, fill, textOf } from './named-row.ts'

export const anthropicBatch: RequestFormat = {
  name: 'anthropic-batch',
  kind: 'requests',
  time: [],
  timeless: 'ended_at of the batch',
  matches: (columns) => columns.has('custom_id') && columns.has('result'),

  toRequest(row) {
    const result = row.object('result')
    const type = textOf(at(result, 'type'))
    // errored, canceled, expired: none of them is paid for.
    if (type !== 'succeeded') return { skipped: type || 'no_result' }
    const message = at(result, 'message')
    const request = emptyRequest()
    identify(request, 'anthropic-batch', textOf(at(message, 'id')) || row.text('custom_id'))
    request.operation = 'batch'
    request.provider = 'anthropic'
    request.model = textOf(at(message, 'model'))
    request.http_status = 200
    readUsage(at(message, 'usage'), request)
    readResponseBody(request, message)
    request.service_tier = 'batch'
    setSuccess(request)
    request.attributes.set('batch.custom_id', row.text('custom_id'))
    return request
  },
}

function readUsage(usage: unknown, request: LlmRequest): void {
  const read = (field: Parameters<typeof fill>[1], name: string) =>
    fill(request, field, at(usage, name), `usage.${name}`)
  read('input_tokens', 'input_tokens')
  read('output_tokens', 'output_tokens')
  read('cached_input_tokens', 'cache_read_input_tokens')
  read('cache_write_tokens', 'cache_creation_input_tokens')
  setInputBasis(request, 'exclusive')
  setUsageSource(request)
}
