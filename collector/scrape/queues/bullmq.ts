import { counter, gauge, type JobQueues, type QueueMeasure } from '../queue.ts'

const inState = (...values: string[]): QueueMeasure => ({
  ...gauge('bullmq_job_count'),
  where: { label: 'state', values },
})

/** What BullMQ's own export writes. https://docs.bullmq.io/guide/metrics/prometheus */
export const bullmq: JobQueues = {
  name: 'bullmq',
  detect: (families) => families.has('bullmq_job_count'),
  labels: [['queue']],
  measures: {
    // Those for later are not waited for; what is kept of finished ones says nothing of how many there were.
    waiting: inState('waiting', 'prioritized', 'waiting-children'),
    running: inState('active'),
    done: counter('bullmq_job_completed_total'),
    failed: counter('bullmq_job_failed_total'),
  },
}

/** bull_exporter, of Bull and BullMQ. */
export const bull: JobQueues = {
  name: 'bull',
  detect: (families) => families.has('bull_queue_waiting'),
  labels: [['queue', 'queue_name']],
  measures: { waiting: gauge('bull_queue_waiting'), running: gauge('bull_queue_active') },
}
