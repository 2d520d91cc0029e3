import { describe, expect, test } from 'vitest'
import { colorsOf, hash, neutral, palette, slotsOf } from './color.ts'

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4', 'llama-3.1-70b', 'qwen2.5-coder', 'mistral-large']

describe('colours of names', () => {
  test('FNV-1a as published', () => {
    expect(hash('')).toBe(0x811c9dc5)
    expect(hash('a')).toBe(0xe40c292c)
    expect(hash('foobar')).toBe(0xbf9cf968)
  })

  test('a name alone has the slot of its hash', () => {
    for (const model of models) expect(slotsOf([model]).get(model)).toBe(hash(model) % 10)
  })

  test('up to ten names never share a colour, in whatever order they come', () => {
    const names = Array.from({ length: 10 }, (_, index) => `model-${index}`)
    const slots = slotsOf(names)
    expect(new Set(slots.values()).size).toBe(10)
    expect(slotsOf(names.toReversed())).toEqual(slots)
  })

  test('more than ten names still all have one', () => {
    const names = Array.from({ length: 25 }, (_, index) => `model-${index}`)
    expect(slotsOf(names).size).toBe(25)
  })

  test('a name not on the page is neutral', () => {
    expect(colorsOf([models], 'dark')('unseen')).toBe(neutral.dark)
  })
})

describe('contrast', () => {
  const grounds = { light: '#ffffff', dark: '#151a21' }
  test.each(
    palette.flatMap(
      (color) =>
        [
          [color.name, 'light', color.light],
          [color.name, 'dark', color.dark],
        ] as const,
    ),
  )('%s on %s ground is at least 3:1, as WCAG asks of graphics', (_name, scheme, color) => {
    expect(contrast(color, grounds[scheme])).toBeGreaterThanOrEqual(3)
  })
})

/** WCAG 2.2's contrast ratio. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
