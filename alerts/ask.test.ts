import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { askAll, questionAt } from './ask.ts'
import { evaluateGroup } from './evaluate.ts'
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

describe('values of SQL', () => {
  let storage: Awaited<ReturnType<typeof testStorage>>
  beforeAll(async () => {
    storage = await testStorage()
  })
  afterAll(() => storage.stop())

  /** `n` of the results that make the rule hold, and what it says of them. */
  async function holding(bound: string) {
    const sql =
      "select n, v / d as value from values('n String, v Float64, d Float64', ('inf', 1, 0), ('-inf', -1, 0), ('nan', 0, 0), ('one', 1, 1))"
    const rule = `{ alert: Share, sql: "${sql}", ${bound} annotations: { summary: '{{ labels.n }}: {{ value }}, {{ value | percent }}' } }`
    const { groups, problems } = parseRuleFile(`groups: [{ name: g, rules: [${rule}] }]`, 'rules.yaml')
    expect(problems).toEqual([])
    const [group] = groups
    if (!group) throw new Error('no group')
    const { reader } = storage
    const options = { reader, signal: AbortSignal.timeout(30_000), missed_since: null, previous: () => new Map() }
    const [outcome] = await evaluateGroup(group, 0, options)
    const active = [...(outcome?.evaluation?.active.values() ?? [])]
    return { record: outcome?.record, said: active.map(({ annotations }) => annotations['summary'] ?? '').toSorted() }
  }

  test('what is without bounds is beyond every threshold on its side, and is said so', async () => {
    expect((await holding('above: 0.5,')).said).toEqual(['inf: inf, inf', 'one: 1, 100%'])
    expect((await holding('below: 0.5,')).said).toEqual(['-inf: -inf, -inf'])
  })

  test('what is no number holds for no rule, and the result is named', async () => {
    for (const bound of ['above: 0.5,', 'below: 0.5,', '']) {
      const { record, said } = await holding(bound)
      expect(said.join()).not.toContain('nan')
      expect(record).toMatchObject({ outcome: 'ok', doubt: expect.stringContaining('{n="nan"}') })
    }
  })
})
