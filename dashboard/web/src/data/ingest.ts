import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const issues = (query: QuestionInput, signal?: AbortSignal) => read(api.ingest.$get({ query }, init(signal)))

export const useIssues = () => useQuestion('ingest', issues)

export type IssueRow = Awaited<ReturnType<typeof issues>>['issues'][number]

/** The id of an issue in the URL. */
export const issueId = ({ source, reason, subject }: IssueRow) => `${source} ${reason} ${subject}`.trimEnd()
