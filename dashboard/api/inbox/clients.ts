/**
 * What each client needs to report usage and TTFT, as the clients of late 2026 behave: tried for npm's, read for the others.
 * To add one: a line in this list; `scope` matches the name of its instrumentation scope.
 */
import type { Snippet } from './advice.ts'

export interface ClientAdvice {
  text: string
  snippet?: Snippet
}

interface Client {
  scope: RegExp
  /** How to get token counts that are missing. */
  usage?: ClientAdvice
  /** How to get TTFT; clients that have none say what does. */
  ttft?: ClientAdvice
}

const askInTypeScript: Snippet = {
  label: 'TypeScript',
  text: `await openai.chat.completions.create({
  model,
  messages,
  stream: true,
  stream_options: { include_usage: true },
})`,
}
const askInPython: Snippet = {
  label: 'Python',
  text: `client.chat.completions.create(
    model=model,
    messages=messages,
    stream=True,
    stream_options={"include_usage": True},
)`,
}

const measuring =
  'The Vercel AI SDK from 5 on, the Anthropic SDK from 0.134 on, the Langfuse SDK, OpenInference and OpenLLMetry for Python, and vLLM’s own traces do.'
const own: Snippet = {
  label: 'TypeScript',
  text: `// On the span of the call, seconds from its start:
span.setAttribute('gen_ai.response.time_to_first_chunk', (performance.now() - startedAt) / 1000)`,
}
const cannotMeasure: ClientAdvice = {
  text: `No version or setting of this client measures it. ${measuring} Where you read the stream yourself, set the attribute by hand.`,
  snippet: own,
}

const clients: readonly Client[] = [
  {
    scope: /^@opentelemetry\/instrumentation-openai$/,
    usage: {
      text: 'OpenAI sends a stream’s usage only to those who ask: set stream_options.include_usage on every stream.',
      snippet: askInTypeScript,
    },
    ttft: cannotMeasure,
  },
  {
    scope: /^opentelemetry\.instrumentation\.openai_v2/,
    usage: {
      text: 'OpenAI sends a stream’s usage only to those who ask: set stream_options.include_usage on every stream.',
      snippet: askInPython,
    },
  },
  {
    scope: /^@traceloop\/instrumentation-openai$/,
    usage: {
      text: 'This client never reads the usage of a stream, whatever is asked for. Use @opentelemetry/instrumentation-openai with stream_options.include_usage instead; enrichTokens: true only adds its own estimate, and about a second to each span.',
      snippet: askInTypeScript,
    },
    ttft: cannotMeasure,
  },
  {
    scope: /^@traceloop\/instrumentation-bedrock$/,
    usage: {
      text: 'This client reads the usage of InvokeModel, not of Converse: call the model by InvokeModel, or trace Converse with another instrumentation.',
    },
    ttft: cannotMeasure,
  },
  {
    scope: /^@traceloop\/instrumentation-anthropic$/,
    ttft: {
      text: 'This client does not measure it, the Anthropic SDK from 0.134 on does by its own spans: upgrade, and leave ANTHROPIC_OPEN_TELEMETRY unset or true. Both are merged to one request.',
    },
  },
  {
    scope: /^@arizeai\/openinference-instrumentation-openai$/,
    usage: {
      text: 'This client reports no usage of streams, not even with include_usage, nor of embeddings. Use @opentelemetry/instrumentation-openai with stream_options.include_usage instead.',
      snippet: askInTypeScript,
    },
    ttft: cannotMeasure,
  },
  {
    scope: /^@arizeai\/openinference-instrumentation-langchain$/,
    usage: {
      text: 'LangChain asks for the usage of streams unless told not to: take streamUsage: false away, or set it to true.',
      snippet: { label: 'TypeScript', text: 'new ChatOpenAI({ model, streamUsage: true })' },
    },
    ttft: cannotMeasure,
  },
  {
    scope: /langsmith/i,
    usage: {
      text: 'LangSmith passes on what OpenAI sends: set stream_options.include_usage on every stream, or streamUsage: true on LangChain’s ChatOpenAI.',
      snippet: askInTypeScript,
    },
    ttft: cannotMeasure,
  },
  {
    scope: /langfuse/i,
    usage: {
      text: 'Langfuse passes on what OpenAI sends: set stream_options.include_usage on every stream.',
      snippet: askInTypeScript,
    },
    ttft: {
      text: 'Its OpenAI wrapper measures it by itself. An observation of your own needs the time of the first token.',
      snippet: { label: 'TypeScript', text: 'generation.update({ completionStartTime: new Date() })' },
    },
  },
  {
    scope: /^ai$|^gen_ai$/,
    usage: {
      text: 'The SDK asks its own providers for usage; a provider made with createOpenAICompatible asks only with includeUsage.',
      snippet: {
        label: 'TypeScript',
        text: `createOpenAICompatible({ name, baseURL, includeUsage: true })`,
      },
    },
    ttft: {
      text: 'Version 5 and later measure it, as ai.response.msToFirstChunk or gen_ai.client.operation.time_to_first_chunk: upgrade, and export the spans of the calls themselves.',
    },
  },
  {
    scope: /litellm/i,
    usage: {
      text: 'LiteLLM’s proxy can ask for the usage of every stream.',
      snippet: { label: 'config.yaml of LiteLLM', text: 'general_settings:\n  always_include_stream_usage: true' },
    },
    ttft: {
      text: 'LiteLLM’s first OpenTelemetry integration tells it in metrics alone; the second has it on the span.',
      snippet: { label: 'Environment of LiteLLM', text: 'LITELLM_OTEL_V2=true' },
    },
  },
  {
    scope: /^vllm/i,
    ttft: { text: 'vLLM’s spans carry gen_ai.latency.time_to_first_token: upgrade a server whose spans do not.' },
  },
]

const elsewhere: Required<Omit<Client, 'scope'>> = {
  usage: {
    text: 'Servers that speak OpenAI’s API send a stream’s usage only to those who ask: set stream_options.include_usage on every stream, and use a client that passes it on as gen_ai.usage.input_tokens and gen_ai.usage.output_tokens.',
    snippet: askInTypeScript,
  },
  ttft: {
    text: `Use a client that measures it, or set the attribute by hand. ${measuring}`,
    snippet: own,
  },
}

/** `client` is `scope@version`, as issues name it. */
export function clientAdvice(client: string, about: 'usage' | 'ttft'): ClientAdvice {
  const scope = client.replace(/(?<=.)@[^@/]*$/, '')
  return clients.find((known) => known.scope.test(scope))?.[about] ?? elsewhere[about]
}
