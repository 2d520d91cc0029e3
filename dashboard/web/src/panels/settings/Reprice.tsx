import { Button } from '@mantine/core'
import { useState } from 'react'
import { useReprice, useRepricing, type RepriceRun } from '../../data/settings.ts'
import { formatExactly, formatPart, formatExact, formatIso, formatRatio } from '../../lib/format.ts'
import type { useWho } from '../../lib/who.ts'
import { Meter } from '../Meter.tsx'
import { Form } from '../Form.tsx'
import { SideSection } from '../Side.tsx'
import { Status } from '../Status.tsx'
import { WhoField } from '../WhoField.tsx'

const day = 86_400_000
const reaches = [
  ['24 h', day],
  ['7 d', 7 * day],
  ['30 d', 30 * day],
  ['90 d', 90 * day],
] as const

/** Works the costs of stored requests out anew: first what would change, then the change. */
export function RepriceForm({ model, who: by }: { model: string; who: ReturnType<typeof useWho> }) {
  const [reach, setReach] = useState<number>(30 * day)
  const [who, keepWho] = by
  const start = useReprice()
  const run = useRepricing().data?.run ?? null
  const isOurs = run !== null && (run.asked.model ?? '') === model
  const begin = (dry_run: boolean) => {
    const to = Date.now()
    start.mutate({ from: to - reach, to, ...(model !== '' && { model }), dry_run, by: who })
  }
  const counted = isOurs && run.state === 'done' && run.asked.dry_run ? run.summary : null
  return (
    <SideSection title="Stored requests">
      <Form
        label="Work out stored costs anew"
        onSubmit={() => begin(true)}
        buttons={
          <>
            <Button
              type="submit"
              size="compact-sm"
              variant="default"
              loading={start.isPending}
              disabled={run?.state === 'running'}
            >
              Count what would change
            </Button>
            {counted !== null && counted.changed > 0 && (
              <Button size="compact-sm" onClick={() => begin(false)} loading={start.isPending}>
                Change {formatExactly(counted.changed, 'request')}
              </Button>
            )}
          </>
        }
        error={start.error}
        outcome={isOurs && <RunWords run={run} />}
      >
        <p className="dim">They keep the costs of their time until these are worked out anew, with the prices of now</p>
        <div className="form-field">
          <span id="reprice-reach">Of the last</span>
          <div className="presets" role="group" aria-labelledby="reprice-reach">
            {reaches.map(([word, ms]) => (
              <button key={word} type="button" aria-pressed={ms === reach} onClick={() => setReach(ms)}>
                {word}
              </button>
            ))}
          </div>
        </div>
        <WhoField who={who} onChange={keepWho} />
      </Form>
    </SideSection>
  )
}

/** The run that is under way, or the last one; nothing where there was none. */
export function RepriceStatus() {
  const run = useRepricing().data?.run ?? null
  if (run === null) return null
  return (
    <section className="panel panel-wide reprice" aria-label="Stored costs">
      <RunWords run={run} />
    </section>
  )
}

function RunWords({ run }: { run: RepriceRun }) {
  const { asked, state, total, seen, summary, error, started_at } = run
  const what = `${asked.model ?? 'all models'}, by ${asked.by}, ${formatIso(started_at)}`
  if (state === 'failed') return <RunLine level="critical" word="failed" text={`${error} (${what})`} />
  if (summary === null)
    return (
      <p role="status" className="reprice-line">
        <Status level="unknown" word={asked.dry_run ? 'counting' : 'changing'} />
        <Meter
          ratio={total === null || total === 0 ? null : seen / total}
          text={
            total === null
              ? 'counting requests'
              : `${formatRatio(total === 0 ? 1 : seen / total)} of ${formatExact(total)}`
          }
        />
        <span className="dim wrap">{what}</span>
      </p>
    )
  const { rows, changed, cost_before, cost_after, unpriced_before, unpriced_after } = summary
  const would = asked.dry_run ? 'would change' : 'changed'
  return (
    <RunLine
      level="ok"
      word={asked.dry_run ? 'counted' : 'done'}
      text={`${formatPart(changed, rows, 'request')} ${would}: $${cost_before} → $${cost_after}; without a known cost: ${formatExact(unpriced_before)} → ${formatExact(unpriced_after)} (${what})`}
    />
  )
}

function RunLine({ level, word, text }: { level: 'ok' | 'critical'; word: string; text: string }) {
  return (
    <p role="status" className="reprice-line">
      <Status level={level} word={word} />
      <span className="wrap">{text}</span>
    </p>
  )
}
