import { expect, test } from 'vitest'
import { parseMatchers } from '../routing/matcher.ts'
import { factLines, linksOf, pageUrl, silenceUrl } from './facts.ts'
import type { Briefing, Notification, NotifiedAlert } from './notification.ts'

const now = Date.UTC(2026, 10, 21, 10)
const briefing: Briefing = {
  unit: 'ms',
  threshold: { side: 'above', value: 5_000 },
  normal: 1_100,
  peak: 9_000,
  affected: { requests: 1_234, users: 1, cost_usd: null },
  causes: ['openai answered 429 to 4 of 12 requests'],
  chart: null,
  page: '/requests',
  window_ms: 300_000,
  filter: { environment: ['production'], model: 'gpt-4o' },
}
const alert: NotifiedAlert = {
  status: 'firing',
  fingerprint: 'f',
  labels: { alertname: 'Slow', model: 'gpt-4o', team: 'sre' },
  annotations: {},
  value: 7_234,
  starts_at: now - 14 * 60_000,
  ends_at: null,
  generator_url: '',
  briefing,
}

test('what on-call needs, while it fires', () => {
  expect(factLines(alert, now)).toEqual([
    '7.23 s, above 5 s · a week before 1.1 s',
    'Since 2026-11-21 09:46 UTC, for 14m 00s',
    'Affected: 1,234 requests, 1 user',
    'Meanwhile: openai answered 429 to 4 of 12 requests',
  ])
})

test('an end says the last value, the peak and how long it lasted', () => {
  const over: NotifiedAlert = { ...alert, status: 'resolved', ends_at: now }
  expect(factLines(over, now + 60_000).slice(0, 2)).toEqual([
    'Last 7.23 s, above 5 s · peak 9 s · a week before 1.1 s',
    'From 2026-11-21 09:46 UTC to 2026-11-21 10:00 UTC, 14m 00s',
  ])
  const floor: Briefing = { ...briefing, threshold: { side: 'below', value: 10_000 } }
  expect(factLines({ ...over, briefing: floor }, now)[0]).toContain('lowest 9 s')
})

test('what is unknown is not said', () => {
  expect(factLines({ ...alert, briefing: null }, now)).toEqual(['Since 2026-11-21 09:46 UTC, for 14m 00s'])
})

test('links lead to the requests in question, and to a silence that matches', () => {
  const page = new URL(pageUrl(alert, 'https://watch.example.com', now))
  expect(page.pathname).toBe('/requests')
  expect([...page.searchParams]).toEqual([
    ['from', '2026-11-21T09:16:00.000Z'],
    ['to', '2026-11-21T10:01:00.000Z'],
    ['model', 'gpt-4o'],
    ['environment', 'production'],
  ])
  const silence = new URL(silenceUrl(alert, 'https://watch.example.com'))
  expect(silence.searchParams.getAll('matcher')).toEqual(['alertname="Slow"', 'model="gpt-4o"', 'team="sre"'])
})

test('a link shows all that was measured, on the page that shows it', () => {
  const month = 31 * 86_400_000
  const cost: Briefing = { ...briefing, page: '/cost', window_ms: month, filter: { team: 'search' } }
  const page = new URL(pageUrl({ ...alert, briefing: cost }, 'https://watch.example.com/here', now))
  expect(page.pathname).toBe('/here/cost')
  expect([...page.searchParams]).toEqual([
    ['from', new Date(alert.starts_at - month).toISOString()],
    ['to', '2026-11-21T10:01:00.000Z'],
    ['team', 'search'],
  ])
})

test('a silence that matches, whatever a label holds', () => {
  const labels = { 'gen_ai.model': 'a\t"b", c', path: 'x\\y\nz' }
  const silence = new URL(silenceUrl({ labels }, 'https://watch.example.com'))
  const matchers = parseMatchers(silence.searchParams.getAll('matcher').join(', '))
  expect(matchers.map(({ name, value }) => [name, value])).toEqual(Object.entries(labels))
})

test('no link without an address, and none that is no address', () => {
  const notification = { external_url: '', at: now } as Notification
  const links = (runbook_url: string) => linksOf({ ...alert, annotations: { runbook_url } }, notification)
  expect(links('https://wiki.example.com/slow')).toEqual([{ text: 'Runbook', href: 'https://wiki.example.com/slow' }])
  expect(links('javascript:alert(1)')).toEqual([])
})
