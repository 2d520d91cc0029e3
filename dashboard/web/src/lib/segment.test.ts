import { expect, test } from 'vitest'
import { nameIn, segmentOf } from './segment.ts'

test.each(['gpt-4o', 'org/model', '', '.', '..', '...', '~', '~x', 'a%2Fb', '<b>'])('%s comes back', (name) => {
  expect(nameIn(segmentOf(name))).toBe(name)
  expect(new URL(`http://x/models/${encodeURIComponent(segmentOf(name))}`).pathname.split('/').length).toBe(3)
  expect(segmentOf(name)).not.toBe('')
})
