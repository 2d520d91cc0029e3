export const model = 'gpt-4o'
export const embeddingModel = 'text-embedding-3-small'
export const claude = 'claude-3-5-sonnet-20241022'
export const system = 'Be terse.'
export const question = 'Capital of France?'
export const max_tokens = 64
export const weather = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
/** The answer begins with `Paris is`: at its second word, those abort who do. */
export const lastWord = ' is'
