/** Anthropic's SDK makes spans of its own wherever a tracer provider is registered. */
import { Anthropic } from '@anthropic-ai/sdk'
import { anthropicScenarios } from './anthropic-scenarios.mjs'
import { runScenarios, startTelemetry } from './telemetry.mjs'

const provider = await startTelemetry()

await runScenarios(
  provider,
  anthropicScenarios((options) => new Anthropic(options)),
)
