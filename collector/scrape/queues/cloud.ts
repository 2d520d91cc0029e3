import { gauge, seconds, type JobQueues } from '../queue.ts'

const sqsMetric = (name: string) => ['maximum', 'average', 'sum'].map((statistic) => `aws_sqs_${name}_${statistic}`)

/** Amazon SQS by cloudwatch_exporter (`queue_name`) or yace (`dimension_QueueName`). */
export const sqs: JobQueues = {
  name: 'sqs',
  detect: (families) => sqsMetric('approximate_number_of_messages_visible').some((name) => families.has(name)),
  labels: [['queue_name', 'dimension_QueueName']],
  measures: {
    waiting: gauge(...sqsMetric('approximate_number_of_messages_visible')),
    running: gauge(...sqsMetric('approximate_number_of_messages_not_visible')),
    oldest_age_ms: seconds(...sqsMetric('approximate_age_of_oldest_message')),
  },
}

const pubsubMetric = (name: string) => [
  `stackdriver_pubsub_subscription_pubsub_googleapis_com_subscription_${name}`,
  `pubsub_googleapis_com_subscription_${name}`,
  `pubsub_googleapis_com:subscription_${name}`,
]

/** Google Pub/Sub by stackdriver_exporter, or Google's managed Prometheus. */
export const pubsub: JobQueues = {
  name: 'pubsub',
  detect: (families) => pubsubMetric('num_undelivered_messages').some((name) => families.has(name)),
  labels: [['subscription_id']],
  measures: {
    waiting: gauge(...pubsubMetric('num_undelivered_messages')),
    oldest_age_ms: seconds(...pubsubMetric('oldest_unacked_message_age')),
  },
}
