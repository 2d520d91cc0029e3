/** For tests: a pipeline with nothing configured, over any spool. */
import { createAttribution } from './attribution.ts'
import { attributionConfig } from './config.ts'
import { IssueLog } from './issues.ts'
import { Merger } from './merge/index.ts'
import { createPipeline, type Accept, type AcceptCalls, type PipelineOptions } from './pipeline.ts'
import type { Spool } from './spool/index.ts'
import { createVersions } from './versions.ts'

export function testPipeline(
  spool: Spool,
  options: Partial<PipelineOptions> & { clock?: () => number } = {},
): { accept: Accept; acceptCalls: AcceptCalls; issues: IssueLog; merger: Merger } {
  const { clock = Date.now } = options
  const issues = new IssueLog()
  const nextVersion = createVersions(clock)
  const redact = (request: Parameters<PipelineOptions['price']>[0]) => options.redactor?.request(request)
  const merger = new Merger({
    price: options.price ?? (() => undefined),
    redact,
    nextVersion,
    shared: false,
    now: clock,
  })
  const { spans: accept, calls: acceptCalls } = createPipeline({
    spool,
    issues,
    inbox: { observe: () => undefined, logsAlone: () => undefined },
    endpoints: [],
    requestOf: () => null,
    attribution: createAttribution(attributionConfig.parse({})),
    price: () => undefined,
    redactor: { request: () => undefined, span: (span) => span },
    merger,
    nextVersion,
    countCall: () => undefined,
    storeLogs: () => Promise.resolve(),
    ...options,
  })
  return { accept, acceptCalls, issues, merger }
}
