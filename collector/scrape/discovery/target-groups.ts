/** Prometheus's form of target lists: [{ "targets": ["host:port"], "labels": { "name": "value" } }]. */
import { z } from 'zod'
import { DiscoveryError } from './provider.ts'
import type { LabelSet } from './relabel.ts'

const groups = z.array(
  z.object({
    targets: z.array(z.string().min(1)),
    labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'expected a label name'), z.string()).nullish(),
  }),
)

/** One label set a target. Throws DiscoveryError, which says where the value is not of that form. */
export function readTargetGroups(value: unknown, meta: LabelSet): LabelSet[] {
  const parsed = groups.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const path = issue?.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
    throw new DiscoveryError(
      `${path || 'the whole'}: ${issue?.message}; expected [{"targets": ["host:port"], "labels": {}}]`,
    )
  }
  return parsed.data.flatMap(({ targets, labels }) =>
    targets.map((address) => ({ ...labels, ...meta, __address__: address })),
  )
}
