/** Which attributes and events bear content or secrets, in every dialect we know of, parsed or not. */
import { memo } from './memo.ts'

/** content: what users and models said · secret: a credential · message: prose or an address that may quote one. */
export type AttributeClass = 'plain' | 'content' | 'secret' | 'message'

/** Whole names. */
const contentNames = new Set([
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.prompt',
  'gen_ai.completion',
  'gen_ai.prompt_json',
  'gen_ai.completion_json',
  'gen_ai.event.content',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.message',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'gen_ai.evaluation.explanation',
  'gen_ai.request.stop_sequences',
  'input.value',
  'output.value',
  'tool.parameters',
  'llm.invocation_parameters',
  'llm.prompt_template.template',
  'llm.prompt_template.variables',
  'llm.chat.stop_sequences',
  'llm.response',
  'llm.request',
  'ai.prompt',
  'ai.value',
  'ai.values',
  'ai.embedding',
  'ai.embeddings',
  'ai.documents',
  'ai.schema',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.toolCall.output',
  'ai.response.text',
  'ai.response.object',
  'ai.response.toolCalls',
  'ai.response.reasoning',
  'ai.response.reasoningText',
  'ai.response.files',
  'ai.result.text',
  'ai.result.object',
  'ai.result.toolCalls',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'traceloop.prompt.template',
  'traceloop.prompt.template_variables',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.trace.input',
  'langfuse.trace.output',
  'langsmith.inputs',
  'langsmith.outputs',
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_call_args',
  'gcp.vertex.agent.tool_response',
  'gcp.vertex.agent.data',
  'mlflow.spanInputs',
  'mlflow.spanOutputs',
  'mlflow.chat.messages',
  'pydantic_ai.all_messages',
  'pydantic_ai.final_result',
  'all_messages_events',
  'all_messages',
  'final_result',
  'events',
  'tool_arguments',
  'tool_response',
  'model_request_parameters',
  'request_data',
  'response_data',
  'raw_input',
  'prompt',
  'completion',
  'messages',
  'input',
  'output',
  'openai.request.messages',
  'crewai.task.description',
  'crewai.task.expected_output',
  'crewai.crew.result',
])

/** Flattened messages, and families of one name with an index or a key after it. */
const contentPrefixes = [
  'gen_ai.prompt.',
  'gen_ai.completion.',
  'gen_ai.input.messages.',
  'gen_ai.output.messages.',
  'gen_ai.system_instructions.',
  'gen_ai.prompt.variable.',
  'gen_ai.content.',
  'llm.input_messages.',
  'llm.output_messages.',
  'llm.prompts.',
  'llm.completions.',
  'llm.choices.',
  'llm.tools.',
  'llm.request.functions.',
  'llm.function_call',
  'embedding.embeddings.',
  'embedding.text',
  'retrieval.documents.',
  'reranker.input_documents.',
  'reranker.output_documents.',
  'reranker.query',
  'ai.prompt.',
  'ai.request.body',
  'ai.response.body',
  'llm.openai.',
  'llm.anthropic.',
  'llm.azure.',
  'llm.bedrock.',
  'llm.vertex_ai.',
  'traceloop.entity.input.',
  'traceloop.entity.output.',
]
/** Names under a content prefix that are no content: prompts have names and versions too. */
const plainNames = new Set(['gen_ai.prompt.name', 'gen_ai.prompt.version', 'gen_ai.prompt.id', 'gen_ai.content.type'])
const plainEndings =
  /^(?:gen_ai\.(?:prompt|completion)|llm\.(?:input_messages|output_messages|choices|completions|prompts))\.\d+\.(?:message\.)?(?:role|finish_reason)$/

/** Ends of names under which clients put credentials, as headers or settings. */
const secretEnding =
  /(?:^|[._-])(?:authorization|proxy[._-]authorization|api[._-]?key|x[._-]api[._-]key|x[._-]goog[._-]api[._-]key|inferwatch[._-]key|apikey|access[._-]?key|secret[._-]?key|secret|secret[._-]access[._-]key|password|passwd|(?:access|auth|id|refresh|session|bearer|security)[._-]?token|set-cookie|cookie|credentials?|private[._-]?key)$/i

/** Prose and addresses that may quote a credential: their secrets are cut out, the rest stays. */
const messageNames = new Set([
  'exception.message',
  'exception.stacktrace',
  'error.message',
  'error.stack_trace',
  'litellm.provider.error.message',
  'langfuse.observation.status_message',
  'url.full',
  'url.query',
  'url.path',
  'http.url',
  'http.target',
  'process.command_args',
  'process.command_line',
])

const messageEvents = new Set([
  'gen_ai.content.prompt',
  'gen_ai.content.completion',
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
  'gen_ai.choice',
  'gen_ai.client.inference.operation.details',
  'llm.content.completion.chunk',
  'gen_ai.content.completion.chunk',
])

/** OpenInference: why somebody judged an answer as they did. */
const judgement =
  /^(?:trace\.|session\.)?(?:annotations\.\d+\.annotation|evaluations\.\d+\.evaluation)\.(?:explanation|metadata)$/

/** What an attribute's name says about its value. */
export const attributeClass = memo((name): AttributeClass => {
  if (secretEnding.test(name)) return 'secret'
  if (contentNames.has(name)) return 'content'
  if (messageNames.has(name)) return 'message'
  if (plainNames.has(name) || plainEndings.test(name)) return 'plain'
  if (judgement.test(name)) return 'content'
  return contentPrefixes.some((prefix) => name.startsWith(prefix)) ? 'content' : 'plain'
})

/** Events whose attributes are messages. */
export function isContentEvent(name: string): boolean {
  return messageEvents.has(name)
}
