import { expect, test } from 'vitest'
import { askInTurn, lie, newSight, seen, type Sight } from './turn.ts'

const never = new AbortController().signal

/** A part of a page that lies there. */
function lying(near: boolean): Sight {
  const sight = newSight()
  lie(sight, () => near)
  return sight
}

/** Questions that are answered when one says so, and those that were asked so far. */
function questions() {
  const asked: string[] = []
  const answers = new Map<string, () => void>()
  const ask = (name: string) => () =>
    new Promise<string>((resolve) => {
      asked.push(name)
      answers.set(name, () => resolve(name))
    })
  return { asked, ask, answer: (name: string) => answers.get(name)?.() }
}

/** What follows at once has happened then. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

test('what is out of sight is asked a few at a time once all in sight is answered, whoever asks first', async () => {
  const { asked, ask, answer } = questions()
  const far = ['c', 'd', 'e'].map((name) => askInTurn(lying(false), never, ask(name)))
  const near = [askInTurn(lying(true), never, ask('a')), askInTurn(null, never, ask('b'))]
  await settled()
  expect(asked).toEqual(['a', 'b'])
  answer('a')
  await settled()
  expect(asked).toEqual(['a', 'b'])
  answer('b')
  await settled()
  expect(asked).toEqual(['a', 'b', 'c', 'd'])
  answer('c')
  await settled()
  expect(asked).toEqual(['a', 'b', 'c', 'd', 'e'])
  answer('d')
  answer('e')
  expect(await Promise.all([...near, ...far])).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('what comes into sight is asked at once; a failure counts as an answer', async () => {
  const { asked, ask, answer } = questions()
  const failing = askInTurn(null, never, async () => {
    await ask('a')()
    throw new Error('no')
  })
  const [scrolled, beyond] = [lying(false), lying(false)]
  const answers = [askInTurn(beyond, never, ask('b')), askInTurn(scrolled, never, ask('c'))]
  await settled()
  seen(scrolled)
  await settled()
  expect(asked).toEqual(['a', 'c'])
  answer('a')
  await expect(failing).rejects.toThrow('no')
  await settled()
  expect(asked).toEqual(['a', 'c', 'b'])
  answer('b')
  answer('c')
  await Promise.all(answers)
})

test('a question that is taken back while it waits is never asked', async () => {
  const { asked, ask, answer } = questions()
  const first = askInTurn(null, never, ask('a'))
  const taken = new AbortController()
  const waiting = askInTurn(lying(false), taken.signal, ask('b'))
  taken.abort()
  await expect(waiting).rejects.toThrow('abort')
  answer('a')
  await first
  await settled()
  expect(asked).toEqual(['a'])
})

test('what one has scrolled to is asked again before what is above it', async () => {
  const { asked, ask, answer } = questions()
  const [above, below] = [newSight(), newSight()]
  let scrolled = false
  lie(above, () => !scrolled)
  lie(below, () => scrolled)
  scrolled = true
  const answers = [askInTurn(above, never, ask('a')), askInTurn(below, never, ask('b'))]
  await settled()
  expect(asked).toEqual(['b'])
  answer('b')
  await settled()
  expect(asked).toEqual(['b', 'a'])
  answer('a')
  await Promise.all(answers)
})
