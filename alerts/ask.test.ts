import { expect, test, vi } from 'vitest'
import type { Db } from '../storage/client.ts'
import { askAll, questionAt } from './ask.ts'
import { parseRuleFile } from './rule-file.ts'

const rules = `
groups:
  - name: g
    rules:
      - { alert: Slow, kind: latency, above: 5s }
      - { alert: Fails, kind: error_ratio, above: 5% }
`

test('an engine that hangs is an error of the rules after a while, and asked once for all that share a scan', async () => {
  const late = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal)
  let asked = 0
  const hangs: Pick<Db, 'query'> = {
    query: (_sql, _params, options) =>
      new Promise((_, reject) => {
        asked++
        options?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
        late.abort()
      }),
  }
  const found = parseRuleFile(rules, 'rules.yaml').groups.flatMap((group) => group.rules)
  const questions = found.map((rule) => ({ rule, question: questionAt(rule, 0, 0) }))
  const answers = await askAll(hangs as Db, questions, new AbortController().signal)
  expect(timeout.mock.calls.every(([ms]) => ms > 30_000 && ms < 60_000)).toBe(true)
  timeout.mockRestore()
  const error = expect.objectContaining({ message: 'ClickHouse does not answer within 35 s' })
  expect(answers).toMatchObject([{ error }, { error }])
  expect(asked).toBe(1)
})
