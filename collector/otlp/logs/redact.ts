/** What of a log event is stored: its body is content, whatever it is, and its attributes go by their names. */
import type { LogEvent } from '../../../records/log-event.ts'
import type { Redactor } from '../../redact.ts'
import { isAnswer, isPrompt } from './messages.ts'

/** No endpoint is known of a log event: the strictest mode of all holds, as it does for spans beside calls. */
const unknown = ''

/** A copy: maps may be shared. */
export function redactLogEvent(redactor: Pick<Redactor, 'text' | 'attributes'>, event: LogEvent): LogEvent {
  const of = isPrompt(event) || isAnswer(event) ? 'message' : 'other'
  return {
    ...event,
    body: redactor.text(event.body, unknown),
    attributes: redactor.attributes(event.attributes, unknown, of),
    resource_attributes: redactor.attributes(event.resource_attributes, unknown),
  }
}
