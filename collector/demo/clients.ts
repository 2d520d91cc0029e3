/** The applications of the demo: real SDKs with real instrumentation against the stand-ins. */
import { createRequire } from 'node:module'
import { Anthropic } from '@anthropic-ai/sdk'
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import type { OpenAI } from 'openai'
import type { Call } from './scenario.ts'
import { callSpanKey, type CallSpan } from './telemetry.ts'
import { textOf } from './stand-ins/tokens.ts'

export interface ClientUrls {
  openai: string
  anthropic: string
  vllm: string
}

export interface Clients {
  /** One request of a user: some work, then the call of the model. Never rejects: a failure is on the spans. */
  run(call: Call): Promise<void>
}

/** What the receiver's dialects read from spans. */
const ttftAttribute = 'gen_ai.response.time_to_first_chunk'
const cachedAttribute = 'gen_ai.usage.cache_read.input_tokens'
const apiKey = 'demo'

/** `startClientTelemetry` must have run: instrumentation takes hold when `openai` is loaded, which only require() lets it. */
export function createClients(urls: ClientUrls): Clients {
  const require = createRequire(import.meta.url)
  const { OpenAI: Client } = require('openai') as { OpenAI: typeof OpenAI }
  const openai = new Client({ apiKey, baseURL: `${urls.openai}/v1`, maxRetries: 0 })
  const vllm = new Client({ apiKey, baseURL: `${urls.vllm}/v1`, maxRetries: 0 })
  const anthropic = new Anthropic({
    apiKey,
    baseURL: urls.anthropic,
    maxRetries: 0,
    openTelemetry: { traces: { contentMode: 'content' } },
  })
  const tracer = trace.getTracer('demo-assistant')
  return {
    run: (call) =>
      context.with(propagation.setBaggage(context.active(), baggageOf(call)), () =>
        tracer.startActiveSpan(`POST /${call.app.feature}`, { kind: SpanKind.SERVER }, async (root) => {
          tracer.startSpan('load context').setAttribute('db.system.name', 'postgresql').end()
          const llm: CallSpan = { span: null }
          try {
            await context.with(context.active().setValue(callSpanKey, llm), () =>
              call.app.api === 'anthropic'
                ? askAnthropic(anthropic, call)
                : askOpenAi(call.app.api === 'vllm' ? vllm : openai, call, llm),
            )
          } catch (error) {
            fail(root, error)
          }
          root.end()
        }),
      ),
  }
}

async function askAnthropic(client: Anthropic, call: Call): Promise<void> {
  const { app } = call
  const stream = await client.messages.create({
    model: app.model,
    max_tokens: app.max_tokens,
    stream: true,
    system: [{ type: 'text', text: systemPrompt(call), cache_control: { type: 'ephemeral' } }],
    messages: [{ role: 'user', content: userPrompt(call) }],
  })
  // The SDK's own span records time to first chunk and usage while the stream is read.
  for await (const _ of stream);
}

async function askOpenAi(client: OpenAI, call: Call, llm: CallSpan): Promise<void> {
  const { app } = call
  const body = {
    model: app.model,
    max_tokens: app.max_tokens,
    messages: [
      { role: 'system' as const, content: systemPrompt(call) },
      { role: 'user' as const, content: userPrompt(call) },
    ],
  }
  const asked = performance.now()
  if (!app.streamed) {
    await client.chat.completions.create(body)
    return
  }
  const stream = await client.chat.completions.create({
    ...body,
    stream: true,
    stream_options: { include_usage: true },
  })
  let first = true
  for await (const { choices, usage } of stream) {
    // This instrumentation reports neither; the application saw both, while the span is still open.
    if (first && choices[0]?.delta.content) {
      llm.span?.setAttribute(ttftAttribute, (performance.now() - asked) / 1000)
      first = false
    }
    const cached = usage?.prompt_tokens_details?.cached_tokens
    if (cached !== undefined) llm.span?.setAttribute(cachedAttribute, cached)
  }
}

function baggageOf({ app, user_id, session_id }: Call) {
  return propagation.createBaggage({
    'user.id': { value: user_id },
    'session.id': { value: session_id },
    'inferwatch.team': { value: app.team },
    'inferwatch.feature': { value: app.feature },
    'inferwatch.endpoint': { value: app.endpoint },
  })
}

/** The same for every request of an app, so that prompt caches work. */
function systemPrompt({ app }: Call): string {
  return textOf(app.shared_tokens, `You are the ${app.feature} assistant of team ${app.team}.`)
}

function userPrompt({ app, prompt_tokens, answer_tokens }: Call): string {
  const question = `${app.question} (about ${answer_tokens} tokens)`
  return textOf(Math.max(prompt_tokens - app.shared_tokens, Math.ceil(question.length / 4) + 1), question)
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}
