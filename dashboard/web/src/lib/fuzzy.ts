/**
 * How well what was typed fits a text: its letters in their order, at best together and at starts of words. Null when they are not
 * all there; higher is better.
 */
export function fuzzyScore(typed: string, text: string): number | null {
  const wanted = typed.toLowerCase().replaceAll(/\s+/g, '')
  const searched = text.toLowerCase()
  if (wanted === '') return 0
  const whole = searched.indexOf(typed.trim().toLowerCase())
  if (whole !== -1) return 1000 - whole - searched.length / 100 + (isStart(searched, whole) ? 200 : 0)
  let [score, from, last] = [0, 0, -2]
  for (const letter of wanted) {
    const at = bestPlace(searched, letter, from, last)
    if (at === -1) return null
    score += at === last + 1 ? 8 : isStart(searched, at) ? 6 : 1
    last = at
    from = at + 1
  }
  return score - searched.length / 100
}

/** Next to the letter before, else at a start of a word, else the first there is. */
function bestPlace(text: string, letter: string, from: number, last: number): number {
  if (text[last + 1] === letter && last + 1 >= from) return last + 1
  const first = text.indexOf(letter, from)
  for (let at = first; at !== -1; at = text.indexOf(letter, at + 1)) if (isStart(text, at)) return at
  return first
}

const isStart = (text: string, at: number) => at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '')

/** Those that fit, best first, equally good ones in their order. Of an item's texts the first counts most. */
export function fuzzyRanked<T>(
  typed: string,
  items: readonly T[],
  textsOf: (item: T) => readonly string[],
  limit: number,
): T[] {
  if (typed.trim() === '') return items.slice(0, limit)
  const found = items.flatMap((item) => {
    const scores = textsOf(item).flatMap((text, index) => {
      const score = fuzzyScore(typed, text)
      return score === null ? [] : [score - index * lesser]
    })
    return scores.length === 0 ? [] : [{ item, score: Math.max(...scores) }]
  })
  return found
    .toSorted((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item }) => item)
}

/** What a second text weighs less than the first. */
const lesser = 40
