/** Queues whose exporter the configuration describes: `scrape.queues`. */
import { z } from 'zod'
import { counter, gauge, seconds, type JobQueues, type QueueField, type QueueMeasure } from '../queue.ts'
import { samplesNamed } from '../select.ts'

const metric = (what: string) => z.string().min(1).optional().describe(`Metric of ${what}`)

export const mappedQueue = z
  .strictObject({
    system: z.string().min(1).describe('Name of the system, as it is shown'),
    labels: z.array(z.string().min(1)).min(1).describe('Labels that name a queue'),
    where: z
      .record(z.string(), z.string())
      .default({})
      .describe('Label and value of the series that are queues; all unless given'),
    waiting: metric('the jobs that nobody works on yet, a gauge'),
    running: metric('the jobs being worked on, a gauge'),
    oldest_age_seconds: metric('how long the oldest job has been waiting, a gauge in seconds'),
    consumers: metric('the consumers, a gauge'),
    arrived: metric('the jobs that arrived, a counter'),
    done: metric('the jobs done, a counter'),
    failed: metric('the jobs failed, a counter'),
  })
  .superRefine(({ where, ...queue }, context) => {
    if (Object.keys(queue).length <= 2)
      context.addIssue({ code: 'custom', message: 'names no metric: give at least waiting' })
    if (Object.keys(where).length > 1) context.addIssue({ code: 'custom', path: ['where'], message: 'takes one label' })
  })

export type MappedQueue = z.infer<typeof mappedQueue>

const makers = {
  waiting: ['waiting', gauge],
  running: ['running', gauge],
  oldest_age_seconds: ['oldest_age_ms', seconds],
  consumers: ['consumers', gauge],
  arrived: ['arrived', counter],
  done: ['done', counter],
  failed: ['failed', counter],
} as const satisfies Record<string, [QueueField, (...names: string[]) => QueueMeasure]>

export function jobQueuesOf(mapping: MappedQueue): JobQueues {
  const [label] = Object.entries(mapping.where)
  const where = label && { where: { label: label[0], values: [label[1]] } }
  const given = Object.entries(makers).flatMap(([key, [field, make]]) => {
    const name = mapping[key as keyof typeof makers]
    return name === undefined ? [] : [{ field, name, measure: { ...make(name), ...where } }]
  })
  return {
    name: mapping.system,
    detect: (families) => given.some(({ name }) => samplesNamed(families, name) !== undefined),
    labels: mapping.labels.map((name) => [name]),
    measures: Object.fromEntries(given.map(({ field, measure }) => [field, measure])),
  }
}
