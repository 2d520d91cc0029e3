/** The queueing systems that are known. A new one is a file beside this one and a line here. */
import type { JobQueues } from '../queue.ts'
import { bull, bullmq } from './bullmq.ts'
import { celery } from './celery.ts'
import { pubsub, sqs } from './cloud.ts'
import { rabbitmq } from './rabbitmq.ts'

export const jobQueues: readonly JobQueues[] = [rabbitmq, bullmq, bull, sqs, pubsub, celery]
