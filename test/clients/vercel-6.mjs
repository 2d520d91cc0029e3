import * as ai from 'ai-6'
import { createOpenAI } from 'ai-sdk-openai-3'
import { runScenarios, startTelemetry } from './telemetry.mjs'
import { vercelScenarios } from './vercel-scenarios.mjs'

const provider = await startTelemetry()

await runScenarios(
  provider,
  vercelScenarios({ ai, createOpenAI, telemetry: { experimental_telemetry: { isEnabled: true } } }),
)
