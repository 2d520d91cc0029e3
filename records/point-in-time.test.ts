import { afterEach, expect, test, vi } from 'vitest'
import { pointInTime } from './point-in-time.ts'

afterEach(() => vi.unstubAllEnvs())

const now = Date.UTC(2026, 10, 21, 12)

test.each([
  ['7d', now - 7 * 86_400_000],
  ['2026-11-01', Date.UTC(2026, 10, 1)],
  ['2026-11-01T06:00:00', Date.UTC(2026, 10, 1, 6)],
  ['2026-11-01 06:00', Date.UTC(2026, 10, 1, 6)],
  ['2026-11-01T06:00:00Z', Date.UTC(2026, 10, 1, 6)],
  ['2026-11-01T06:00:00+02:00', Date.UTC(2026, 10, 1, 4)],
  ['yesterday', null],
  ['2026-13-01', null],
  ['', null],
])('%j', (text, expected) => {
  for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
    vi.stubEnv('TZ', zone)
    expect(pointInTime(text, now), zone).toBe(expected)
  }
})
