/** No bytes of either side bring the proxy down. `npm run proxy-proof -- fuzz` sends more of them. */
import { expect, test } from 'vitest'
import { fuzz } from './testing-fuzz.ts'

test('2,000 broken requests and answers', async () => {
  const { outcomes, lost } = await fuzz(2_000)
  expect(lost).toBe(0)
  // Some pass as they are, some are refused here, some are broken answers.
  for (const outcome of ['HTTP/1.1 200', 'HTTP/1.1 400', 'HTTP/1.1 502']) expect(outcomes[outcome]).toBeGreaterThan(10)
})
