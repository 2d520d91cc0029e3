import { observeOpenAI } from '@langfuse/openai'
import { LangfuseSpanProcessor } from '@langfuse/otel'
import { OpenAI } from 'openai'
import { openAiScenarios } from './openai-scenarios.mjs'
import { runScenarios, startTelemetry, user } from './telemetry.mjs'

// It posts to LANGFUSE_BASE_URL with LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, and only spans of model calls.
const provider = await startTelemetry([new LangfuseSpanProcessor()])

// The application's span, which names the user of the others, is not among them.
await runScenarios(
  provider,
  openAiScenarios((options) => observeOpenAI(new OpenAI(options), { userId: user })),
)
