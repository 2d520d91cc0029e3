import { IconAlertCircle, IconAlertTriangle, IconCircleCheck, IconHelpCircle } from '@tabler/icons-react'

export type Level = 'ok' | 'warning' | 'critical' | 'unknown'

const icons = { ok: IconCircleCheck, warning: IconAlertTriangle, critical: IconAlertCircle, unknown: IconHelpCircle }

/** A status is an icon and a word, never a colour alone. */
export function Status({ level, word, title }: { level: Level; word: string; title?: string | undefined }) {
  const Icon = icons[level]
  return (
    <span className="status" data-level={level} title={title}>
      <Icon size={14} stroke={2} aria-hidden />
      {word}
    </span>
  )
}

const requestLevels: Record<string, [Level, string]> = {
  ok: ['ok', 'ok'],
  error: ['critical', 'error'],
  rate_limited: ['warning', 'rate limited'],
  timeout: ['critical', 'time-out'],
  cancelled: ['unknown', 'cancelled'],
  filtered: ['warning', 'filtered'],
}

export function RequestStatus({ status, why }: { status: string; why?: string | undefined }) {
  const [level, word] = requestLevels[status] ?? ['unknown', status]
  return <Status level={level} word={word} title={why} />
}

const severities: Record<string, [Level, string]> = { problem: ['warning', 'problem'], hint: ['unknown', 'hint'] }

/** How much an issue of ingest matters. */
export function IssueSeverity({ severity }: { severity: string }) {
  const [level, word] = severities[severity] ?? ['unknown', severity]
  return <Status level={level} word={word} />
}

const targetLevels: Record<string, [Level, string]> = {
  up: ['ok', 'up'],
  down: ['critical', 'down'],
  unknown: ['unknown', 'ended'],
}

/** Whether a scrape target answers; one of which nothing is known any more has ended. */
export function TargetState({ state }: { state: string }) {
  const [level, word] = targetLevels[state] ?? ['unknown', state]
  return <Status level={level} word={word} />
}
