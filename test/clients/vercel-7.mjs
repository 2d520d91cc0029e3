import { createOpenAI } from '@ai-sdk/openai'
import { OpenTelemetry } from '@ai-sdk/otel'
import * as ai from 'ai'
import { runScenarios, startTelemetry } from './telemetry.mjs'
import { vercelScenarios } from './vercel-scenarios.mjs'

const provider = await startTelemetry()
ai.registerTelemetry(new OpenTelemetry())

await runScenarios(provider, vercelScenarios({ ai, createOpenAI }))
