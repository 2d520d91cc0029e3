import { Button, CopyButton } from '@mantine/core'
import { useDebouncedValue, useHotkeys } from '@mantine/hooks'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useBacktest, useRulePreview, type BacktestQuestion } from '../../data/backtest.ts'
import { problemsOf, ruleFileOf, spanOfLine, withThreshold } from '../../lib/rule-text.ts'
import { questionOf, spanOf, type Search } from '../../lib/search.ts'
import { useDraft } from '../../lib/use-draft.ts'
import { useSearch } from '../../lib/use-search.ts'
import { yamlLanguage } from '../../lib/yaml-language.ts'
import { CodeEditor } from '../CodeEditor.tsx'
import { BacktestPanel } from './BacktestPanel.tsx'
import { PreviewPanel } from './PreviewPanel.tsx'
import { DraftNote } from '../DraftNote.tsx'
import { Panels } from '../Panels.tsx'

interface RuleWorkbenchProps {
  /** What it is a draft of. */
  of: string
  /** What stands in the editor at first. */
  first: string
  kinds: readonly { name: string; yaml: string }[]
}

/** Back from now, or as the page's range is. */
const spans = { page: 'the page’s range', '24h': '24 hours', '7d': '7 days', '14d': '14 days' }
type Span = keyof typeof spans

export function RuleWorkbench({ of, first, kinds }: RuleWorkbenchProps) {
  const [search] = useSearch()
  const draft = useDraft(`rule ${of}`, () => ({ text: first }))
  const { text } = draft.fields
  const setText = (next: string) => draft.change({ text: next })
  const [settled] = useDebouncedValue(text, 600)
  const [span, setSpan] = useState<Span>(search.from === undefined ? '7d' : 'page')
  const [wish, setWish] = useState(1)
  const preview = useRulePreview({ yaml: settled, range: rangeOf(search), step: stepOf(search), pages_per_week: 0 })
  const { current, start, cancel } = useBacktest()

  const question: BacktestQuestion = {
    yaml: text,
    range: span === 'page' ? rangeOf(search) : { range: span },
    pages_per_week: wish,
  }
  const run = () => {
    if (text.trim() !== '') start(question)
  }
  const running = current.state === 'running'
  const stop = () => {
    if (running) cancel()
    return running
  }
  useHotkeys([['Escape', () => void stop()]])

  const refused = preview.error && !preview.isPlaceholderData ? preview.error.message : null
  const mistakes = useMemo(
    () =>
      problemsOf(refused ?? '').flatMap(({ line, message }) => {
        const place = line === null ? null : spanOfLine(settled, line)
        return place ? [{ ...place, message }] : []
      }),
    [refused, settled],
  )
  return (
    <Panels>
      <section className="panel" aria-label="Rule">
        <DraftNote draft={draft} />
        <CodeEditor
          value={text}
          onChange={setText}
          onRun={run}
          onCancel={stop}
          mistakes={text === settled ? mistakes : none}
          label="Rule as YAML"
          hint="groups: …"
          language={yamlLanguage}
        />
        <footer className="rule-actions">
          <Button
            size="compact-sm"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            onClick={run}
            disabled={running}
          >
            Backtest
          </Button>
          <label className="inline-field">
            over
            <select value={span} onChange={({ target }) => setSpan(target.value as Span)}>
              {Object.entries(spans).map(([value, word]) => (
                <option key={value} value={value}>
                  {word}
                </option>
              ))}
            </select>
          </label>
          <label className="inline-field" title="A threshold is looked for that pages at most so often">
            wished pages a week
            <input
              type="number"
              min={0}
              max={10_000}
              step="any"
              value={wish}
              onChange={({ target }) => setWish(Math.min(Math.max(target.valueAsNumber || 0, 0), 10_000))}
            />
          </label>
          <label className="inline-field">
            example
            <select
              value=""
              onChange={({ target }) => {
                const found = kinds.find(({ name }) => name === target.value)
                if (found) setText(ruleFileOf(found.yaml, 30_000))
              }}
            >
              <option value="" disabled>
                of a kind
              </option>
              {kinds.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <button type="button" className="control" onClick={copy}>
                {copied ? 'Copied' : 'Copy YAML'}
              </button>
            )}
          </CopyButton>
        </footer>
        <p className="rule-note dim">
          Rules are files, and nothing is saved here: put it into a file that alerts.rules in inferwatch.yaml names.
          inferwatch check-config checks it.
        </p>
      </section>
      <PreviewPanel asked={preview} />
      <BacktestPanel
        run={current}
        outdated={'question' in current && current.question.yaml !== text}
        onCancel={cancel}
        onUse={(threshold) => setText(withThreshold(text, threshold) ?? text)}
        canUse={(threshold) => withThreshold(text, threshold) !== null}
        onRetry={run}
      />
    </Panels>
  )
}

const none: never[] = []

function rangeOf(search: Search): BacktestQuestion['range'] {
  const { range, from, to } = questionOf({ ...search, filters: {} })
  return from === undefined ? { range: String(range) } : { from: Number(from), to: Number(to) }
}

const mostPoints = 240
const leastStepMs = 30_000

/** Coarse enough to come while one writes. */
function stepOf(search: Search): string {
  return `${Math.ceil(Math.max(spanOf(search) / mostPoints, leastStepMs) / 1000)}s`
}
