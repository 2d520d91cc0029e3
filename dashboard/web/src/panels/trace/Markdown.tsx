/** Text of models and people as Markdown: no HTML, nothing is fetched, links say where they lead. */
import { Component, type ReactNode } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'

/** Parsing is not linear in every text: longer ones are shown as they are. */
const longest = 20_000

export default function Markdown({ text }: { text: string }) {
  const plain = <pre className="message-text">{text}</pre>
  if (text.length > longest || nested.test(text)) return plain
  return (
    <OrElse key={text} fallback={plain}>
      <div className="markdown">
        <ReactMarkdown remarkPlugins={plugins} components={components}>
          {text}
        </ReactMarkdown>
      </div>
    </OrElse>
  )
}

/** Quotes and lists within each other that nobody writes. */
const nested = /^[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+){25}/m
/** Elements within each other that a page can lay out and people can read. */
const deepest = 40

interface MarkdownNode {
  type: string
  value?: string
  children?: MarkdownNode[]
}

/** What is nested deeper becomes text: a browser's stack is not endless. */
const flattened = () => (root: MarkdownNode) => {
  const waiting = [{ node: root, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, depth } = next
    if (depth === deepest && node.children) {
      node.children = [{ type: 'text', value: textUnder(node) }]
      continue
    }
    for (const child of node.children ?? []) waiting.push({ node: child, depth: depth + 1 })
  }
}

function textUnder(root: MarkdownNode): string {
  const texts: string[] = []
  const waiting = [root]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    texts.push(node.value ?? '')
    waiting.push(...(node.children ?? []).toReversed())
  }
  return texts.join('')
}

const plugins = [remarkGfm, flattened]

const components: Components = {
  a: ({ href = '', children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ alt = '', src }) => (
    <span className="media">
      image {alt !== '' && `“${alt}” `}
      {typeof src === 'string' && hostOf(src) !== '' && <span className="dim">from {hostOf(src)}, not loaded</span>}
    </span>
  ),
  // A document's heading is none of the page.
  h1: ({ children }) => <p className="markdown-head">{children}</p>,
  h2: ({ children }) => <p className="markdown-head">{children}</p>,
  h3: ({ children }) => <p className="markdown-head">{children}</p>,
  h4: ({ children }) => <p className="markdown-head">{children}</p>,
  h5: ({ children }) => <p className="markdown-head">{children}</p>,
  h6: ({ children }) => <p className="markdown-head">{children}</p>,
  table: ({ children }) => (
    <div className="table-scroll">
      <table>{children}</table>
    </div>
  ),
}

/** Where it leads stands beside it, whatever its text says. */
function SafeLink({ href, children }: { href: string; children: ReactNode }) {
  const host = hostOf(href)
  if (host === '') return <span title={href}>{children}</span>
  return (
    <>
      <a href={href} rel="noreferrer noopener nofollow" target="_blank">
        {children}
      </a>{' '}
      <span className="dim">({host})</span>
    </>
  )
}

/** Of web addresses alone; empty for any other. */
function hostOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null
  return url && /^https?:$/.test(url.protocol) ? url.host : ''
}

interface OrElseProps {
  fallback: ReactNode
  children: ReactNode
}

/** Text nested deeper than the parser's stack is shown as it is. */
class OrElse extends Component<OrElseProps, { failed: boolean }> {
  override state = { failed: false }
  static getDerivedStateFromError() {
    return { failed: true }
  }
  override render() {
    return this.state.failed ? this.props.fallback : this.props.children
  }
}
