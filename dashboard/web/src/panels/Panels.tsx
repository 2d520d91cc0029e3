import { Children, Component, type ReactNode } from 'react'
import { Failure } from './states.tsx'

/** The grid of a page. What fails beside a panel's own data, before the panel is there to say so, fails alone too. */
export function Panels({ children }: { children: ReactNode }) {
  return <div className="panels">{Children.map(children, (child) => child && <Alone>{child}</Alone>)}</div>
}

class Alone extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    const shown = new Error(`This panel could not be drawn: ${error.message}`, { cause: error })
    return (
      <section className="panel" aria-label="A panel that failed">
        <Failure error={shown} retry={() => this.setState({ error: null })} height={300} />
      </section>
    )
  }
}
