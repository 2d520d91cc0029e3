import { describe, expect, test } from 'vitest'
import type { QueueSample } from '../../records/queue-sample.ts'
import { Deltas } from './delta.ts'
import { ExpositionParser } from './exposition.ts'
import { PageReader } from './page-reader.ts'
import { readQueues, type JobQueues } from './queue.ts'
import { jobQueues } from './queues/index.ts'
import { jobQueuesOf, mappedQueue } from './queues/mapped.ts'
import { plainTarget } from './testing.ts'

const start = 1_763_700_000

/** Rows of the last of some pages, scraped 10 s apart. */
function read(pages: readonly string[], systems: readonly JobQueues[] = jobQueues): Partial<QueueSample>[] {
  const parser = new ExpositionParser({ maxSeries: 1_000 })
  const deltas = new Deltas()
  let rows: QueueSample[] = []
  for (const [index, text] of pages.entries()) {
    const { families } = parser.parse(text)
    const found = systems.filter(({ detect }) => detect(families))
    expect(found.length).toBe(1)
    const now = start + index * 10
    deltas.begin(now * 1000, null)
    const context = { timestamp: now * 1e6, target: 't', endpoint: 'e' }
    rows = found.flatMap((system) => readQueues(system, families, deltas, context).rows)
    deltas.commit(true)
  }
  return rows.map(({ timestamp: _timestamp, target: _target, endpoint: _endpoint, ...row }) => row)
}

const nothing = {
  waiting: null,
  running: null,
  oldest_age_ms: null,
  consumers: null,
  arrived: null,
  done: null,
  failed: null,
}

describe('systems', () => {
  const rabbit = (acked: number) => `# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="batch"} 120
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="batch"} 8
rabbitmq_detailed_queue_consumers{vhost="/",queue="batch"} 4
rabbitmq_detailed_queue_head_message_timestamp{vhost="/",queue="batch"} ${start - 50}
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="empty"} 0
rabbitmq_detailed_queue_head_message_timestamp{vhost="/",queue="empty"} 0
# TYPE rabbitmq_detailed_channel_messages_acked_total counter
rabbitmq_detailed_channel_messages_acked_total{channel="<1>",vhost="/",queue="batch"} ${acked}
rabbitmq_detailed_channel_messages_acked_total{channel="<2>",vhost="/",queue="batch"} 7
`
  test('RabbitMQ: channels add up, an empty queue has no age, a restart counts from 0', () => {
    const batch = { system: 'rabbitmq', queue: '//batch', ...nothing, waiting: 120, running: 8, consumers: 4 }
    const empty = { system: 'rabbitmq', queue: '//empty', ...nothing, waiting: 0 }
    expect(read([rabbit(100)])).toEqual([
      { ...batch, interval_ms: null, oldest_age_ms: 50_000 },
      { ...empty, interval_ms: null },
    ])
    expect(read([rabbit(100), rabbit(130)])[0]).toEqual({
      ...batch,
      interval_ms: 10_000,
      oldest_age_ms: 60_000,
      done: 30,
    })
    expect(read([rabbit(100), rabbit(5)])[0]).toMatchObject({ done: 5 })
  })

  test('BullMQ: states of one gauge', () => {
    const page = (completed: number) => `# TYPE bullmq_job_count gauge
bullmq_job_count{queue="eval", state="waiting"} 5
bullmq_job_count{queue="eval", state="prioritized"} 2
bullmq_job_count{queue="eval", state="delayed"} 90
bullmq_job_count{queue="eval", state="active"} 3
bullmq_job_count{queue="eval", state="completed"} 12
# TYPE bullmq_job_completed_total counter
bullmq_job_completed_total{queue="eval"} ${completed}
`
    expect(read([page(4_000), page(4_012)])).toEqual([
      { ...nothing, system: 'bullmq', queue: 'eval', interval_ms: 10_000, waiting: 7, running: 3, done: 12 },
    ])
  })

  test.each([
    [
      'sqs',
      `aws_sqs_approximate_number_of_messages_visible_sum{job="aws_sqs",queue_name="utility"} 40
aws_sqs_approximate_age_of_oldest_message_maximum{job="aws_sqs",queue_name="utility"} 90
`,
      { queue: 'utility', waiting: 40, oldest_age_ms: 90_000, done: null },
    ],
    [
      'sqs',
      `aws_sqs_approximate_number_of_messages_visible_maximum{dimension_QueueName="jobs"} 3
aws_sqs_approximate_number_of_messages_not_visible_maximum{dimension_QueueName="jobs"} 2
`,
      { queue: 'jobs', waiting: 3, running: 2, oldest_age_ms: null },
    ],
    [
      'pubsub',
      `stackdriver_pubsub_subscription_pubsub_googleapis_com_subscription_num_undelivered_messages{subscription_id="s"} 9
stackdriver_pubsub_subscription_pubsub_googleapis_com_subscription_oldest_unacked_message_age{subscription_id="s"} 1.5
`,
      { queue: 's', waiting: 9, oldest_age_ms: 1_500 },
    ],
    ['celery', 'celery_queue_length{queue_name="gpu"} 11\n', { queue: 'gpu', waiting: 11, consumers: null }],
    [
      'bull',
      'bull_queue_waiting{queue="a",prefix="bull"} 1\nbull_queue_active{queue="a",prefix="bull"} 2\n',
      { queue: 'a', waiting: 1, running: 2 },
    ],
  ])('%s', (system, page, expected) => {
    expect(read([page])).toMatchObject([{ system, ...expected }])
  })

  test('a total without a queue is none', () => {
    expect(read(['rabbitmq_queue_messages_ready 120\n'])).toEqual([])
  })
})

describe('a mapping of the configuration', () => {
  test('any exporter', () => {
    const mapping = mappedQueue.parse({
      system: 'redis',
      labels: ['db', 'key'],
      where: { kind: 'list' },
      waiting: 'redis_key_size',
    })
    const page = 'redis_key_size{db="db0",key="jobs",kind="list"} 17\nredis_key_size{db="db0",key="set",kind="set"} 4\n'
    expect(read([page], [jobQueuesOf(mapping)])).toMatchObject([{ system: 'redis', queue: 'db0/jobs', waiting: 17 }])
  })

  test('counters as OpenMetrics declares them, and the count of a histogram', () => {
    const mapping = mappedQueue.parse({ system: 'own', labels: ['q'], arrived: 'jobs', done: 'job_seconds_count' })
    const page = (jobs: number) => `# TYPE jobs counter
jobs_total{q="a"} ${jobs * 2}
# TYPE job_seconds histogram
job_seconds_bucket{q="a",le="+Inf"} ${jobs}
job_seconds_sum{q="a"} 1
job_seconds_count{q="a"} ${jobs}
`
    expect(read([page(4), page(9)], [jobQueuesOf(mapping)])).toMatchObject([{ queue: 'a', arrived: 10, done: 5 }])
  })

  test('one of the name of a known system stands for that where it finds its metrics', () => {
    const mapping = mappedQueue.parse({ system: 'bullmq', labels: ['queue'], waiting: 'own_waiting' })
    const known = 'bullmq_job_count{queue="a",state="waiting"} 5\n'
    const rowsOf = (page: string) => {
      const target = { ...plainTarget, queues: [jobQueuesOf(mapping), ...jobQueues] }
      return new PageReader({ maxSeries: 100 }).read(page, target, 0).rows.queue_samples
    }
    expect(rowsOf(`own_waiting{queue="a"} 7\n${known}`)).toMatchObject([{ system: 'bullmq', queue: 'a', waiting: 7 }])
    expect(rowsOf(known)).toMatchObject([{ system: 'bullmq', queue: 'a', waiting: 5 }])
  })

  test('has to name a metric', () => {
    expect(mappedQueue.safeParse({ system: 'x', labels: ['q'] }).success).toBe(false)
    expect(mappedQueue.safeParse({ system: 'x', labels: [], waiting: 'm' }).success).toBe(false)
  })
})
