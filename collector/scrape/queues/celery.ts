import { counter, gauge, type JobQueues } from '../queue.ts'

/** danihodovic/celery-exporter. */
export const celery: JobQueues = {
  name: 'celery',
  detect: (families) => families.has('celery_queue_length'),
  labels: [['queue_name']],
  measures: {
    waiting: gauge('celery_queue_length'),
    consumers: gauge('celery_active_consumer_count'),
    done: counter('celery_task_succeeded_total'),
    failed: counter('celery_task_failed_total'),
  },
}
