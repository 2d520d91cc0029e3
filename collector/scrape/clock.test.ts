import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test('what is months away does not run at once', async () => {
  let ran = false
  const cancel = systemClock.after(60 * 86_400_000, () => (ran = true))
  await new Promise((resolve) => setTimeout(resolve, 20))
  cancel()
  expect(ran).toBe(false)
})
