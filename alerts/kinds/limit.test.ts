/** Every kind asks for one row more than its rule may have instances, so that too many is seen and never cut off. */
import { expect, test } from 'vitest'
import { kinds } from './index.ts'
import { parseRuleFile } from '../rule-file.ts'

const asking = kinds.filter(({ name }) => name !== 'sql' && name !== 'self')

test.each(asking.map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
  const rule = { ...(kind.example as object), limit: 7_000 }
  const { groups, problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), 'rules.yaml')
  expect(problems).toEqual([])
  const question = groups[0]?.rules[0]?.question({ from: 0, to: 3_600_000 })
  expect(question?.sql).toMatch(/limit \{row_limit:UInt32\}$/)
  expect(question?.params).toMatchObject({ row_limit: 7_001 })
})
