/** Which page of the dashboard shows what an alert measured. */
import { filterColumns } from '../storage/queries/where.ts'
import type { Labels } from './labels.ts'
import type { Rule } from './rule.ts'

/** Of kinds that measure something other than requests. */
const pages: Partial<Record<string, (labels: Labels) => string>> = {
  gpu: gpuPage,
  server: serverPage,
  target: ({ url }) => `/targets${url ? `?${new URLSearchParams({ target: url }).toString()}` : ''}`,
  probe: () => '/uptime',
  budget: () => '/cost',
  spend_rate: () => '/cost',
  self: () => '/alerts',
  job_queue: () => '/servers',
}

/** A path, with a query where the page opens one thing that way. */
export function pageOf(rule: Pick<Rule, 'group' | 'id' | 'kind' | 'filter' | 'labels'>, labels: Labels): string {
  const { kind, filter } = rule
  const known = pages[kind]
  if (known) return known(labels)
  // What is missed, or what SQL asks about, is told by the labels alone.
  if (labels['host'] && labels['gpu']) return gpuPage(labels)
  if (kind === 'absent' && filter === null && labels['instance']) return serverPage(labels)
  const isAboutRequests = filter !== null || filterColumns.some((column) => labels[column] && !(column in rule.labels))
  return isAboutRequests ? '/requests' : rulePage(rule)
}

/** Where a rule's evaluations and its query are. */
const rulePage = ({ group, id }: Pick<Rule, 'group' | 'id'>) =>
  `/alerts?${new URLSearchParams({ view: 'rules', row: `${group} ${id}` }).toString()}`

function gpuPage({ host, gpu }: Labels): string {
  return host && gpu ? `/gpus/${encodeURIComponent(host)}/${encodeURIComponent(gpu)}` : '/gpus'
}

function serverPage({ instance }: Labels): string {
  return instance ? `/servers/${encodeURIComponent(instance)}` : '/servers'
}
