/**
 * Amazon Bedrock through instrumentations of AWS's SDKs. Some leave everything but provider and model out, and AWS's own
 * request id is often the only one.
 */
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAi, genAiNames, genAiRequest } from './gen-ai.ts'
import { openLlmetry } from './openllmetry.ts'

const names = extend(genAiNames, { request_id: ['aws.request_id'] })

export const bedrock: Dialect = {
  name: 'bedrock',
  scope:
    /^@traceloop\/instrumentation-bedrock|^opentelemetry\.instrumentation\.(?:bedrock|botocore)|^@opentelemetry\/instrumentation-aws-sdk/,
  matches: (span) => openLlmetry.matches(span) || genAi.matches(span),

  toRequest(span) {
    const request = openLlmetry.matches(span) ? openLlmetry.toRequest(span) : genAiRequest(span, names)
    request.provider ||= 'aws.bedrock'
    return request
  },
}
