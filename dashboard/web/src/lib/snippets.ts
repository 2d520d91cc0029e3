/** How to send the first trace, by client: what one pastes into a terminal and an editor. */

export interface Snippet {
  name: string
  install: string
  code: string
  run: string
}

/** `otlp_http` is host:port as this server really listens. */
export function snippets({ otlp_http }: { otlp_http: string }): Snippet[] {
  const endpoint = `http://${otlp_http.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost')}`
  return [
    {
      name: 'OpenAI SDK',
      install:
        'npm install openai@6 @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto @opentelemetry/instrumentation-openai',
      code: `// app.mjs
import { createRequire } from 'node:module'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai'

const sdk = new NodeSDK({
  serviceName: 'my-app',
  traceExporter: new OTLPTraceExporter({ url: '${endpoint}/v1/traces' }),
  instrumentations: [new OpenAIInstrumentation()],
})
sdk.start()

// The instrumentation (OpenAI 4 to 6) sees what is required after the start, not what is imported.
const { OpenAI } = createRequire(import.meta.url)('openai')
const openai = new OpenAI()
const answer = await openai.chat.completions.create({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Say hello' }],
})
console.log(answer.choices[0].message.content)
await sdk.shutdown()`,
      run: 'node app.mjs',
    },
    {
      name: 'Vercel AI SDK',
      install:
        'npm install ai@7 @ai-sdk/openai @ai-sdk/otel @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto',
      code: `// app.mjs
import { NodeSDK } from '@opentelemetry/sdk-node'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { generateText, registerTelemetry } from 'ai'
import { openai } from '@ai-sdk/openai'
import { OpenTelemetry } from '@ai-sdk/otel'

const sdk = new NodeSDK({
  serviceName: 'my-app',
  traceExporter: new OTLPTraceExporter({ url: '${endpoint}/v1/traces' }),
})
sdk.start()
// With version 5 or 6 of the SDK, pass experimental_telemetry: { isEnabled: true } to each call instead.
registerTelemetry(new OpenTelemetry())

const { text } = await generateText({ model: openai('gpt-4o-mini'), prompt: 'Say hello' })
console.log(text)
await sdk.shutdown()`,
      run: 'node app.mjs',
    },
    {
      name: 'Python',
      install:
        'pip install openai opentelemetry-distro opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-openai-v2',
      code: `# app.py
from openai import OpenAI

answer = OpenAI().chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello"}],
)
print(answer.choices[0].message.content)`,
      run: `OTEL_SERVICE_NAME=my-app \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint} \\
opentelemetry-instrument python app.py`,
    },
  ]
}
