import { OpenAIInstrumentation } from '@traceloop/instrumentation-openai'
import { OpenAI } from 'openai'
import { openAiScenarios } from './openai-scenarios.mjs'
import { runScenarios, startTelemetry } from './telemetry.mjs'

const provider = await startTelemetry()
new OpenAIInstrumentation().manuallyInstrument(OpenAI)

await runScenarios(
  provider,
  openAiScenarios((options) => new OpenAI(options)),
)
