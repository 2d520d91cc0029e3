import { Modal, useMantineColorScheme } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import { useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useFilterValues } from '../data/overview.ts'
import { useServers } from '../data/fleet.ts'
import { useSchema } from '../data/sql.ts'
import { annotateHere } from '../lib/annotating.ts'
import { addressOf } from '../lib/elsewhere.ts'
import { fuzzyRanked } from '../lib/fuzzy.ts'
import { useSearch } from '../lib/use-search.ts'
import { useTimeZone } from '../lib/use-time-zone.ts'
import { commandsOf, traceIn, type Command, type Run } from './commands.ts'
import type { Opened } from './Keys.tsx'
import '../styles/palette.css'

interface PaletteProps {
  onClose: () => void
  onOpen: (opened: Opened) => void
}

/** More than these nobody reads. */
const shown = 40

/** One field for everything: type, choose by arrows, enter. */
export default function Palette({ onClose, onOpen }: PaletteProps) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const run = useRun(onClose, onOpen)
  const commands = useFound(text)
  const current = commands[Math.min(at, commands.length - 1)]
  const scrolled = useRef<HTMLUListElement>(null)

  const move = (to: number) => {
    const next = (to + commands.length) % Math.max(commands.length, 1)
    setAt(next)
    scrolled.current?.querySelectorAll('[role="option"]')[next]?.scrollIntoView({ block: 'nearest' })
  }
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      PageDown: () => move(Math.min(at + 8, commands.length - 1)),
      PageUp: () => move(Math.max(at - 8, 0)),
      Enter: () => current && run(current.run),
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    step()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size={620}
      yOffset="12vh"
      withCloseButton={false}
      padding={0}
      classNames={{ content: 'palette' }}
      aria-label="Go anywhere, do anything"
    >
      <input
        className="palette-field"
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-autocomplete="list"
        aria-label="Page, model, server, user, time range or trace id"
        {...(current && { 'aria-activedescendant': `${list} ${current.id}`.replaceAll(/\s/g, '-') })}
        placeholder="Page, model, server, user, time range or trace id"
        value={text}
        data-autofocus
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => {
          setText(target.value)
          setAt(0)
        }}
        onKeyDown={press}
      />
      <ul className="palette-list" role="listbox" id={list} aria-label="Commands" ref={scrolled} tabIndex={-1}>
        {commands.map((command, index) => (
          <li
            key={command.id}
            role="option"
            id={`${list} ${command.id}`.replaceAll(/\s/g, '-')}
            aria-selected={command === current}
            onPointerMove={() => setAt(index)}
            onClick={() => run(command.run)}
          >
            <span className="palette-group">{command.group}</span>
            <span className="palette-word">{command.word}</span>
            {command.hint !== undefined && <kbd>{command.hint}</kbd>}
          </li>
        ))}
      </ul>
      <p className="palette-none" role="status">
        {commands.length === 0 && 'Nothing fits. Models, users and filters are those of the range'}
      </p>
    </Modal>
  )
}

/** What fits what was typed, best first; a pasted trace before all. */
function useFound(text: string): Command[] {
  const [search] = useSearch()
  const values = useFilterValues().data?.values
  const servers = useServers().data?.servers
  const questions = useSchema().data?.questions
  const all = useMemo(
    () =>
      commandsOf({
        search,
        values: values ?? [],
        servers: [...new Set((servers ?? []).map(({ instance }) => instance))],
        questions: questions ?? [],
      }),
    [search, values, servers, questions],
  )
  return useMemo(() => {
    const trace = traceIn(text)
    if (trace !== null) {
      const run: Run = { go: addressOf(`/traces/${trace}`, search) }
      return [{ id: 'trace', group: 'Trace', word: `Open the trace ${trace}`, run }]
    }
    return fuzzyRanked(text, all, ({ group, word }) => [word, `${word} ${group}`, `${group} ${word}`], shown)
  }, [text, all, search])
}

function useRun(onClose: () => void, onOpen: (opened: Opened) => void): (run: Run) => void {
  const { history } = useRouter()
  const [search, change] = useSearch()
  const [, chooseZone] = useTimeZone()
  const { setColorScheme } = useMantineColorScheme()
  return (run) => {
    if ('open' in run) return onOpen(run.open)
    onClose()
    if ('annotate' in run) return annotateHere(search, Date.now())
    if ('go' in run) return history.push(run.go)
    if ('change' in run) return change(run.change)
    return 'scheme' in run ? setColorScheme(run.scheme) : chooseZone(run.zone)
  }
}
