/** What LangChain's own JSON says beside the names of OpenInference: the provider, and the answer's id and model. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import { normalProvider } from '../../../records/provider.ts'
import type { Attributes, AttributeValue } from '../../../records/span.ts'
import { object, textOf } from './attributes.ts'
import { nameModel } from './fields.ts'

/** Fills what is unknown; the model is the answer's, since `llm.model_name` is the one that was asked for. */
export function readLangChain(attributes: Attributes, request: LlmRequest): void {
  request.provider ||= normalProvider(textOf(object(attributes, 'metadata')?.['ls_provider']) ?? '')
  const message = at(object(attributes, 'output.value'), ['generations', 0, 0, 'message', 'kwargs'])
  const answered = textOf(at(message, ['response_metadata', 'model_name'])) ?? ''
  if (answered !== '') nameModel(request, request.requested_model, answered)
  // Python has the vendor's id in the metadata, and LangChain's own for the run in its place.
  const ids = [at(message, ['response_metadata', 'id']), at(message, ['id'])].map((id) => textOf(id) ?? '')
  request.request_id ||= ids.find((id) => id !== '' && !/^(?:lc_)?run-/.test(id)) ?? ''
}

/** The value at a path, or undefined. */
function at(value: AttributeValue | undefined, path: readonly (string | number)[]): AttributeValue | undefined {
  let found: unknown = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string | number, unknown>)[step]
  }
  return found as AttributeValue | undefined
}
