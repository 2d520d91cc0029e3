import { createOpenAI } from '@ai-sdk/openai'
import { LegacyOpenTelemetry } from '@ai-sdk/otel'
import * as ai from 'ai'
import { runScenarios, startTelemetry } from './telemetry.mjs'
import { vercelScenarios } from './vercel-scenarios.mjs'

const provider = await startTelemetry()
ai.registerTelemetry(new LegacyOpenTelemetry())

await runScenarios(provider, vercelScenarios({ ai, createOpenAI }))
