import { Component, type ReactNode } from 'react'
import { PanelFailed } from './states.tsx'

interface BoundaryProps {
  /** Another one is worth another try. */
  resetKey: unknown
  height: number
  /** Asks for the data again. */
  retry: () => void
  /** Undefined where there is none. */
  showQuery: (() => void) | undefined
  children: ReactNode
}

interface BoundaryState {
  error: Error | null
  resetKey: unknown
}

/** What fails to draw fails alone: the page and the panels beside it go on. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null, resetKey: this.props.resetKey }

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  static getDerivedStateFromProps({ resetKey }: BoundaryProps, state: BoundaryState): BoundaryState | null {
    return resetKey === state.resetKey ? null : { error: null, resetKey }
  }

  override render() {
    const { height, retry, showQuery, children } = this.props
    if (this.state.error === null) return children
    const again = () => {
      this.setState({ error: null })
      retry()
    }
    return <PanelFailed error={this.state.error} retry={again} showQuery={showQuery} height={height} />
  }
}
