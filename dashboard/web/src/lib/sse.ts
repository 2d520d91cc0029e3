/** Server-sent events of an answer to a POST, which EventSource cannot make. */

export interface ServerEvent {
  event: string
  data: string
}

/** In their order, until the server ends; an event that is cut off at the end is dropped. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const messages = `${rest}${part.value}`.split('\n\n')
      rest = messages.pop() ?? ''
      yield* messages.map(eventOf)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function eventOf(message: string): ServerEvent {
  const found = { event: 'message', data: [] as string[] }
  for (const line of message.split('\n')) {
    const [, field, value = ''] = /^(event|data): ?(.*)$/.exec(line) ?? []
    if (field === 'event') found.event = value
    if (field === 'data') found.data.push(value)
  }
  return { event: found.event, data: found.data.join('\n') }
}
