import { expect, test } from 'vitest'
import { PageEnds } from './page-end.ts'

/** What is said of pages, one after the other: `c` for a cut line, `g` for one that may go on where the one before was cut. */
function follow(...pages: string[]): string[] {
  const ends = new PageEnds()
  return pages.map((page) => {
    const { cut, grown } = ends.follow(page)
    return `${cut === null ? '' : 'c'}${grown ? 'g' : ''}`
  })
}

test.each<[string, string[], string[]]>([
  ['the same series', ['a 1\nb 2\n', 'a 2\nb 3\n'], ['', '']],
  ['cut at a line end', ['a 1\n', 'a 2\nb 3\n'], ['', 'g']],
  ['cut in a line', ['a 1\nb 2', 'a 2\nb 23\n'], ['c', 'g']],
  ['cut in a comment', ['a 1\n# TYPE b cou', 'a 2\n# TYPE b counter\nb 3\n'], ['c', 'g']],
  ['more within, not at the end', ['a 1\nz{x="1"} 2\n', 'a 2\nb 3\nz{x="1"} 9\n'], ['', '']],
  ['comments and empty lines do not count', ['a 1\n# hint\n\n', 'a 2\n'], ['', '']],
  ['OpenMetrics ends where it says', ['a 1\n# EOF\n', 'a 2\nb 3\n# EOF'], ['', '']],
  ['OpenMetrics without its end', ['a 1\n', 'a 2\nb 3\n# EOF\n'], ['', 'g']],
  ['one line is all there is', ['a 1', 'a 2'], ['', '']],
  ['nothing', ['', 'a 1\n'], ['', 'g']],
])('%s', (_, pages, expected) => {
  expect(follow(...pages)).toEqual(expected)
})

test('the line is taken away', () => {
  expect(new PageEnds().follow('a 1\nb 2')).toEqual({ text: 'a 1\n', cut: 'b 2', grown: false })
})
