/** Judgements of answers, in every shape that clients send: events of spans and logs, and OpenInference's attributes. Pure. */
import { hash } from 'node:crypto'
import type { Evaluation } from '../../records/evaluation.ts'
import type { LogEvent } from '../../records/log-event.ts'
import { memo } from '../../records/memo.ts'
import type { Attributes, Span } from '../../records/span.ts'
import { identifier, number, text } from './dialects/attributes.ts'

const resultEvent = 'gen_ai.evaluation.result'

/** Explanations are content: they are taken as they stand, so redact the span before. */
export function evaluationsOfSpan(span: Span): Evaluation[] {
  return [...annotations(span), ...span.events.flatMap((event, index) => ofSpanEvent(span, event, index))]
}

/** Null when the event is no judgement. Explanations are content: redact the event before. */
export function evaluationOfLog(event: LogEvent): Evaluation | null {
  if (event.event_name !== resultEvent) return null
  const { timestamp, trace_id, span_id, version } = event
  return result(event.attributes, { timestamp, trace_id, span_id, version }, event.event_id)
}

type Origin = Pick<Evaluation, 'timestamp' | 'trace_id' | 'span_id' | 'version'>

function ofSpanEvent(span: Span, event: Span['events'][number], index: number): Evaluation[] {
  if (event.name !== resultEvent) return []
  const { trace_id, span_id, version } = span
  const origin = { timestamp: event.timestamp, trace_id, span_id, version }
  const found = result(event.attributes, origin, `${index}`)
  return found ? [found] : []
}

/** `part` tells judgements of one origin and name apart. */
function result(attributes: Attributes, origin: Origin, part: string): Evaluation | null {
  const name = identifier(attributes, ['gen_ai.evaluation.name'])
  const score = number(attributes, ['gen_ai.evaluation.score.value', 'gen_ai.evaluation.score'])
  const label = identifier(attributes, ['gen_ai.evaluation.score.label', 'gen_ai.evaluation.label'])
  const explanation = text(attributes, ['gen_ai.evaluation.explanation'])
  if (name === '' || (score === null && label === '' && explanation === '')) return null
  return {
    ...origin,
    id: idOf(origin.trace_id, origin.span_id, name, String(origin.timestamp), part),
    session_id: '',
    request_id: identifier(attributes, ['gen_ai.response.id']),
    evaluator: identifier(attributes, ['gen_ai.evaluation.evaluator.name', 'gen_ai.evaluation.source']),
    evaluator_version: identifier(attributes, ['gen_ai.evaluation.evaluator.version']),
    name,
    score,
    label,
    explanation,
    cost_usd: null,
  }
}

/** `trace.annotations.0.annotation.score` and the like. Keys repeat from span to span, so each is looked at once. */
const placeOf = memo((key) => {
  const match =
    /^(trace\.|session\.)?(?:annotations\.(\d{1,4})\.annotation|evaluations\.(\d{1,4})\.evaluation)\.([a-z_]+)$/.exec(
      key,
    )
  if (!match) return null
  const [, about = '', annotation, evaluation = '', field = ''] = match
  return { about, index: annotation ?? evaluation, vocabulary: annotation === undefined ? 'e' : 'a', field }
})

/** OpenInference: judgements stand on the span that they are about, or on a span of their own with exactly one link to it. */
function annotations(span: Span): Evaluation[] {
  const found = new Map<string, { about: string; index: string; fields: Attributes }>()
  for (const [key, value] of span.attributes) {
    const place = placeOf(key)
    if (!place) continue
    const { about, index, vocabulary, field } = place
    const name = `${about}${vocabulary}${index}`
    let entry = found.get(name)
    if (!entry) found.set(name, (entry = { about, index, fields: new Map() }))
    entry.fields.set(field, value)
  }
  if (found.size === 0) return []
  const made = [...found.values()].flatMap(({ about, index, fields }) => annotation(span, about, index, fields) ?? [])
  // Both vocabularies may stand on one span for one judgement.
  return [...new Map(made.map((evaluation) => [evaluation.id, evaluation])).values()]
}

function annotation(span: Span, about: string, index: string, fields: Attributes): Evaluation | null {
  const name = identifier(fields, ['name'])
  const score = number(fields, ['score'])
  const label = identifier(fields, ['label'])
  const explanation = text(fields, ['explanation'])
  if (name === '' || (score === null && label === '' && explanation === '')) return null
  const target = targetOf(span, about)
  const evaluator = identifier(fields, ['annotator_kind']).toLowerCase()
  const identity = identifier(fields, ['identifier'])
  // With an identifier a later judgement replaces an earlier one of the same target; without, each span's own stays.
  const part = identity === '' ? `${span.trace_id} ${span.span_id} ${index}` : identity
  return {
    ...target,
    id: idOf(target.trace_id, target.span_id || target.session_id, name, evaluator, part),
    timestamp: span.timestamp,
    request_id: '',
    evaluator,
    evaluator_version: '',
    name,
    score,
    label,
    explanation,
    cost_usd: null,
    version: span.version,
  }
}

function targetOf(span: Span, about: string): Pick<Evaluation, 'trace_id' | 'span_id' | 'session_id'> {
  const [link] = span.links
  const { trace_id, span_id } = link && span.links.length === 1 ? link : span
  const session_id = about === 'session.' ? identifier(span.attributes, ['session.id', 'gen_ai.conversation.id']) : ''
  if (session_id !== '') return { trace_id: '', span_id: '', session_id }
  return { trace_id, span_id: about === '' ? span_id : '', session_id: '' }
}

const idOf = (...parts: string[]) => hash('sha256', JSON.stringify(parts)).slice(0, 32)
