/** Who reports a call, as far as the name of its instrumentation tells. */
import type { CallRole } from '../../../records/llm-request.ts'
import { memo } from '../../../records/memo.ts'

/** Libraries around a vendor's SDK, whose own instrumentation may report the call once more below them. */
const frameworks =
  /^gen_ai$|^ai$|langchain|langgraph|langsmith|langfuse|llama.?index|haystack|crewai|dspy|autogen|\bag2\b|agno|smolagents|instructor|guardrails|pydantic.?ai|semantic.?kernel|agent_runtime|agent.?framework|microsoft\.extensions\.ai|gcp\.vertex\.agent|google.?adk|openai.?agents|strands|mastra|genkit|spring|beeai|promptflow|litellm/i
const gateways = /ai-gateway|^kong|portkey|helicone|cloudflare/i
const engines = /^vllm|^sglang|text.generation.inference|^triton/i

/** `gen_ai` is the scope of the Vercel AI SDK 7. */
export const roleOfScope = memo((scope): CallRole => {
  if (engines.test(scope)) return 'engine'
  if (gateways.test(scope)) return 'gateway'
  return frameworks.test(scope) ? 'framework' : 'client'
})
