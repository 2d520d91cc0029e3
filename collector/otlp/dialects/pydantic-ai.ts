/** Pydantic AI: gen_ai names, and up to its first version messages in one JSON attribute. Its agents sum up their calls. */
import { parsedJson, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest, isGenAiCall } from './gen-ai.ts'

const names = extend(genAiNames, { reported_cost_usd: ['operation.cost'] })

export const pydanticAi: Dialect = {
  name: 'pydantic_ai',
  scope: /^pydantic[-_]ai$/,

  // Agents carry the model's name and the sum of usage too, but no operation, or one of their own.
  matches: ({ attributes }) => attributes.has('gen_ai.operation.name') && isGenAiCall(attributes),

  toRequest(span) {
    const request = genAiRequest(span, names)
    request.role = 'framework'
    if (request.input === '' && request.output === '')
      Object.assign(request, eventList(text(span.attributes, ['events'])))
    return request
  },
}

/** Messages out of a JSON list of events: choices are the answer. A list that is none stays whole. */
function eventList(events: string): { input: string; output: string } {
  const list = parsedJson(events, 1_048_576)
  if (!Array.isArray(list)) return { input: events, output: '' }
  const isChoice = (event: unknown) => Object(event)['event.name'] === 'gen_ai.choice'
  const said = list.filter((event) => !isChoice(event))
  const answers = list.filter(isChoice).map((choice) => (Object(choice) as { message?: unknown }).message ?? choice)
  return {
    input: said.length === 0 ? '' : JSON.stringify(said),
    output: answers.length === 0 ? '' : JSON.stringify(answers),
  }
}
