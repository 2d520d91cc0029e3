import { counter, gauge, type JobQueues } from '../queue.ts'

/** Per queue: /metrics/per-object, or /metrics/detailed, whose names have a prefix. https://www.rabbitmq.com/docs/prometheus */
const both = (name: string) => [`rabbitmq_detailed_${name}`, `rabbitmq_${name}`]

export const rabbitmq: JobQueues = {
  name: 'rabbitmq',
  detect: (families) => both('queue_messages_ready').some((name) => families.has(name)),
  labels: [['vhost'], ['queue']],
  measures: {
    waiting: gauge(...both('queue_messages_ready')),
    running: gauge(...both('queue_messages_unacked')),
    // Of the message at the head; only where publishers say when they sent it.
    oldest_age_ms: { names: both('queue_head_message_timestamp'), kind: 'gauge', isMoment: true },
    consumers: gauge(...both('queue_consumers')),
    arrived: counter(...both('queue_messages_published_total')),
    done: counter(...both('channel_messages_acked_total')),
  },
}
