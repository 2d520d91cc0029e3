/** What an issue means and what to do about it, for people: the one table of words is reasons.ts. */
import type { IssueRow } from '../../../storage/queries/ingest.ts'
import { reasons } from './reasons.ts'

/** Something to paste. */
export interface Snippet {
  /** Where it goes: inferwatch.yaml, TypeScript, a shell. */
  label: string
  text: string
}

export interface Advice {
  /** What is wrong, without its subject. */
  title: string
  /** What follows from it. */
  explanation: string
  /** What to do. */
  fix: string
  snippet: Snippet | null
}

/** Words for one reason; those that depend on its subject or source are worked out. */
export type Words = Omit<Advice, 'snippet'> & { snippet?: Snippet | null }
export type WordsOf = Words | ((issue: IssueRow) => Words)

/** Never fails: a reason without words of its own is told as it is. */
export function adviceOn(issue: IssueRow): Advice {
  const words = Object.hasOwn(reasons, issue.reason) ? reasons[issue.reason] : undefined
  const found = typeof words === 'function' ? words(issue) : words
  return { snippet: null, ...(found ?? plain(issue)) }
}

const plain = ({ reason, source }: IssueRow): Words => ({
  title: sentence(reason.replaceAll('_', ' ')),
  explanation: `${sentence(source.replaceAll('_', ' '))} could not take these items as they came.`,
  fix: 'The example says where; what sends it has to be put right.',
})

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
