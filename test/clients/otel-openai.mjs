import { createRequire } from 'node:module'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai'
import { openAiScenarios } from './openai-scenarios.mjs'
import { runScenarios, startTelemetry } from './telemetry.mjs'

const provider = await startTelemetry()
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] })
// Only what require() loads is instrumented.
const { OpenAI } = createRequire(import.meta.url)('openai')

await runScenarios(
  provider,
  openAiScenarios((options) => new OpenAI(options)),
)
