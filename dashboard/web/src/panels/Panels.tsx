import { useQueryClient } from '@tanstack/react-query'
import { Children, Component, type ReactNode } from 'react'
import { newSight, SightProvider } from '../data/turn.ts'
import { liveKey } from '../data/use-question.ts'
import { Failure } from './states.tsx'

/** The grid of a page. What fails beside a panel's own data, before the panel is there to say so, fails alone too. */
export function Panels({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  /** Answers that only failed panels wanted: they are forgotten, and asked for again. */
  const forget = () => void queries.resetQueries({ queryKey: [liveKey], type: 'inactive' })
  return (
    <div className="panels">{Children.map(children, (child) => child && <Alone onRetry={forget}>{child}</Alone>)}</div>
  )
}

interface AloneProps {
  onRetry: () => void
  children: ReactNode
}

class Alone extends Component<AloneProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }
  readonly #sight = newSight()

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    if (error === null) return <SightProvider value={this.#sight}>{this.props.children}</SightProvider>
    const retry = () => {
      this.props.onRetry()
      this.setState({ error: null })
    }
    const shown = new Error(`This panel could not be drawn: ${error.message}`, { cause: error })
    return (
      <section className="panel" aria-label="A panel that failed">
        <Failure error={shown} retry={retry} height={300} />
      </section>
    )
  }
}
