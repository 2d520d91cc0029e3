/** The output of OpenAI's batch jobs, and of Azure's: one line a call. https://platform.openai.com/docs/guides/batch */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { checkedTime } from '../bad-row.ts'
import { readResponseBody } from './body.ts'
import { identify, setFailure, setInputBasis, setSuccess, setUsageSource } from './fields.ts'
import type { RequestFormat } from './format.ts'
import { at, fill, textOf } from './named-row.ts'

export const openaiBatch: RequestFormat = {
  name: 'openai-batch',
  kind: 'requests',
  time: [],
  matches: (columns) => columns.has('custom_id') && columns.has('response'),

  toRequest(row, clock) {
    const body = at(row.object('response'), 'body')
    const created = textOf(at(body, 'created') ?? at(body, 'created_at'))
    // Calls that failed are not paid for, and say no time at which they were made.
    if (created === '') return { skipped: row.text('error') === '' ? 'failed' : 'not_run' }
    const request = emptyRequest()
    request.timestamp = checkedTime(created, 'response.body.created', clock)
    identify(request, 'openai-batch', textOf(at(body, 'id')) || row.text('id'))
    request.operation = 'batch'
    request.provider = 'openai'
    request.model = textOf(at(body, 'model'))
    readUsage(body, request)
    readResponseBody(request, body)
    // Answers name the tier that ran them, which is not what is paid.
    request.service_tier = 'batch'
    const status = Number(textOf(at(row.object('response'), 'status_code')))
    if (status >= 400) setFailure(request, textOf(at(body, 'error.code')), status, textOf(at(body, 'error.message')))
    else {
      request.http_status = status || null
      setSuccess(request)
    }
    request.attributes.set('batch.custom_id', row.text('custom_id'))
    return request
  },
}

function readUsage(body: unknown, request: LlmRequest): void {
  const usage = at(body, 'usage')
  const of = (...paths: string[]) => paths.map((path) => at(usage, path)).find((value) => value !== undefined)
  fill(request, 'input_tokens', of('prompt_tokens', 'input_tokens'), 'usage.prompt_tokens')
  fill(request, 'output_tokens', of('completion_tokens', 'output_tokens'), 'usage.completion_tokens')
  const cached = of('prompt_tokens_details.cached_tokens', 'input_tokens_details.cached_tokens')
  fill(request, 'cached_input_tokens', cached, 'usage.prompt_tokens_details.cached_tokens')
  const reasoning = of('completion_tokens_details.reasoning_tokens', 'output_tokens_details.reasoning_tokens')
  fill(request, 'reasoning_tokens', reasoning, 'usage.completion_tokens_details.reasoning_tokens')
  // Embeddings answer with none.
  if (at(body, 'data.0.object') === 'embedding') request.output_tokens ??= 0
  setInputBasis(request, 'inclusive')
  setUsageSource(request)
}
