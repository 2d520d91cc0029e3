/** Draws a rule's value over time as SVG: the line, the threshold, the time in which the alert fired. Pure. */
import { infiniteText } from '../../records/infinite.ts'
import type { Point } from '../history.ts'
import { formatValue } from '../notify/facts.ts'
import type { Threshold, Unit } from '../rule.ts'

export interface Plot {
  title: string
  points: readonly Point[]
  unit: Unit
  threshold: Threshold | null
  /** Epoch milliseconds; also of `fired`. */
  from: number
  to: number
  /** Between two points; longer without one, and the line is broken. */
  stepMs: number
  fired: { from: number; to: number }
}

const width = 640
const height = 260
const area = { left: 76, right: width - 16, top: 40, bottom: height - 30 }

const ink = '#1c1e21'
const faint = '#8a9099'
const grid = '#e3e6ea'
const line = '#2f6fde'
const red = '#d64545'

export function plotSvg(plot: Plot): string {
  const { points, threshold, unit, from, to } = plot
  const bounded = points.map(({ value }) => value).filter((value) => infiniteText(value) === null)
  const highest = scaleTop(Math.max(...bounded, threshold?.value ?? 0, 0))
  const lowest = Math.min(...bounded, threshold?.value ?? 0, 0)
  const x = (at: number) => area.left + ((at - from) / Math.max(to - from, 1)) * (area.right - area.left)
  const y = (value: number) =>
    area.bottom - ((drawn(value) - lowest) / Math.max(highest - lowest, Number.MIN_VALUE)) * (area.bottom - area.top)
  // At the edge, where it is without bounds.
  const drawn = (value: number) => Math.min(Math.max(value, lowest), highest)
  const parts = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 24, clip(plot.title, 72), { size: 14, fill: ink, weight: 'bold' }),
    firedBand(plot, x),
    ...valueTicks(lowest, highest).flatMap((value) => [
      rule(area.left, y(value), area.right, y(value), grid),
      text(area.left - 8, y(value) + 4, formatValue(value, unit), { anchor: 'end' }),
    ]),
    ...timeTicks(from, to).map((at) => text(x(at), height - 10, clock(at), { anchor: 'middle' })),
    ...segments(points, plot.stepMs).map((segment) => polyline(segment, x, y)),
    ...(threshold
      ? [
          rule(area.left, y(threshold.value), area.right, y(threshold.value), red, '6 4'),
          text(area.right, y(threshold.value) - 5, `${threshold.side} ${formatValue(threshold.value, unit)}`, {
            anchor: 'end',
            fill: red,
          }),
        ]
      : []),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans">${parts.join('')}</svg>`
}

function firedBand({ fired, from, to }: Plot, x: (at: number) => number): string {
  const left = x(Math.min(Math.max(fired.from, from), to))
  const right = x(Math.min(Math.max(fired.to, from), to))
  const size = `width="${fixed(Math.max(right - left, 1))}" height="${area.bottom - area.top}"`
  return `<rect x="${fixed(left)}" y="${area.top}" ${size} fill="${red}" fill-opacity="0.1"/>`
}

/** The next of 1, 2, 2.5, 5 times a power of ten, so that the axis reads well. */
function scaleTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((top) => top >= value * 1.05) ?? value
}

function valueTicks(lowest: number, highest: number): number[] {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => lowest + (highest - lowest) * part)
}

function timeTicks(from: number, to: number): number[] {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => from + (to - from) * part * 0.96 + (to - from) * 0.02)
}

/** UTC, which the title says. */
const clock = (at: number) => new Date(at).toISOString().slice(11, 16)

/** Runs of points without a gap between them. */
function segments(points: readonly Point[], stepMs: number): Point[][] {
  const runs: Point[][] = []
  for (const point of points) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run && last && point.at - last.at <= stepMs * 1.5) run.push(point)
    else runs.push([point])
  }
  return runs
}

function polyline(points: readonly Point[], x: (at: number) => number, y: (value: number) => number): string {
  const [only] = points
  if (points.length === 1 && only)
    return `<circle cx="${fixed(x(only.at))}" cy="${fixed(y(only.value))}" r="2.5" fill="${line}"/>`
  const path = points.map(({ at, value }) => `${fixed(x(at))},${fixed(y(value))}`).join(' ')
  return `<polyline points="${path}" fill="none" stroke="${line}" stroke-width="2" stroke-linejoin="round"/>`
}

function rule(x1: number, y1: number, x2: number, y2: number, stroke: string, dashes = ''): string {
  const dashed = dashes ? ` stroke-dasharray="${dashes}"` : ''
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${stroke}"${dashed}/>`
}

function text(
  x: number,
  y: number,
  written: string,
  { anchor = 'start', size = 11, fill = faint, weight = 'normal' } = {},
): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escape(written)}</text>`
}

const fixed = (value: number) => String(Number(value.toFixed(1)))

function clip(written: string, length: number): string {
  const points = Array.from(written)
  return points.length <= length ? written : `${points.slice(0, length - 1).join('')}…`
}

/** What XML doesn't allow at all is left out. */
function escape(written: string): string {
  return written
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
