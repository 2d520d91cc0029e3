/** Two nested spans for each call: the instrumentation's, which doesn't take the SDK's versions from 1.0 on, and the SDK's own. */
import { AnthropicInstrumentation } from '@traceloop/instrumentation-anthropic'
import * as sdk from 'anthropic-sdk-0'
import { anthropicScenarios } from './anthropic-scenarios.mjs'
import { runScenarios, startTelemetry } from './telemetry.mjs'

const provider = await startTelemetry()
new AnthropicInstrumentation().manuallyInstrument(sdk)

await runScenarios(
  provider,
  anthropicScenarios((options) => new sdk.Anthropic(options)),
)
