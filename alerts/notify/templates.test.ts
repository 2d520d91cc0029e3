import { expect, test } from 'vitest'
import { alertsConfig } from '../config.ts'
import { composeNotification } from '../compose.ts'
import type { Briefing } from './notification.ts'
import { templatesConfig, withTemplates } from './templates.ts'

const now = Date.UTC(2026, 10, 21, 10)
const briefing: Briefing = {
  unit: 'ms',
  threshold: { side: 'above', value: 5_000 },
  normal: null,
  peak: 9_000,
  affected: { requests: 12, users: 3, cost_usd: 6 },
  causes: ['one', 'two'],
  chart: null,
  page: '/requests',
  window_ms: 300_000,
  filter: { model: 'a' },
}
const alerts = ['a', 'b'].map((model, index) => ({
  fingerprint: model,
  labels: { alertname: 'Slow', model },
  annotations: { summary: `${model} is slow` },
  value: 7_234,
  starts_at: now - 90_000,
  ends_at: index === 0 ? null : now - 30_000,
}))
const group = { receiver: 'on-call', key: '{}', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }
const notification = composeNotification(group, { told: null, outbox: null }, alerts, {
  id: 'n',
  reason: 'first',
  now,
  externalUrl: 'https://watch.example.com',
  briefings: new Map([['a', briefing]]),
})

const render = (body: string) => withTemplates(notification, templatesConfig.parse({ body }), 'slack').body

test.each([
  ['{{ status }} {{ labels.alertname }} {{ .receiver }}', 'firing Slow on-call'],
  ['{{ range alerts }}[{{ labels.model }}={{ value }}]{{ end }}', '[a=7.23 s][b=7,234]'],
  ['{{ range firing }}{{ summary }} for {{ duration }}{{ end }}', 'a is slow for 1m 30s'],
  ['{{ range resolved }}{{ labels.model }} until {{ until }}{{ end }}', 'b until 2026-11-21 09:59 UTC'],
  ['{{ range alerts }}{{ if threshold }}{{ threshold }}{{ else }}?{{ end }} {{ end }}', '5 s ?'],
  ['{{ range alerts }}{{ if status == "firing" }}F{{ else }}R{{ end }}{{ end }}', 'FR'],
  ['{{ range alerts }}{{ if labels.model != "a" }}{{ labels.model | upper }}{{ end }}{{ end }}', 'B'],
  [
    '{{ range firing }}{{ value | number }} {{ affected_cost_usd | usd }} {{ causes }}{{ end }}',
    '7,234 $6.00 one; two',
  ],
  ['{{ labels.nothing }}-', '-'],
  ['a\n{{- /* left out */ -}}\n b {{ url }}', 'ab https://watch.example.com'],
  ['{{ labels.alertname | duration }}', '<error: "Slow" is not a number>'],
  ['{{ group_labels["odd name"] }}-', '-'],
])('%s', (template, expected) => {
  expect(render(template)).toBe(expected)
})

test.each([
  ['ok\n\n{{ nope }}', /line 3: "nope" is unknown here; expected one of: status, reason/],
  ['{{ value }}', /line 1: "value" is unknown here/],
  ['{{ range alerts }}x', /line 1: \{\{ range alerts \}\} has no \{\{ end \}\}/],
  ['\n{{ end }}', /line 2: \{\{ end \}\} without/],
  ['{{ if status }}{{ else }}{{ else }}{{ end }}', /belongs to no/],
  ['{{ range labels }}{{ end }}', /range over "labels"; expected one of: alerts, firing, resolved/],
  ['{{ range alerts }}{{ range firing }}{{ end }}{{ end }}', /a range inside a range/],
  ['{{ status | nope }}', /unknown filter "nope"; known: duration, percent/],
  ['a\n{{ status', /line 2: "\{\{" is never closed/],
  ['{{ process.exit() }}', /"process.exit\(\)" is unknown here/],
  ['{{ labels.__proto__.x }}', /unknown here/],
])('%j is refused with its line', (body, message) => {
  expect(templatesConfig.safeParse({ body }).error?.issues[0]?.message).toMatch(message)
})

test('a kind of channel has its own texts, and falls back to those of all', () => {
  const templates = templatesConfig.parse({
    title: 'all\n {{ status }}',
    body: 'of all',
    email: { body: 'mail' },
    slack: { title: '  ' },
  })
  const texts = (type: string) => {
    const { title, body } = withTemplates(notification, templates, type)
    return [title, body]
  }
  expect(texts('email')).toEqual(['all firing', 'mail'])
  expect(texts('teams')).toEqual(['all firing', 'of all'])
  // A message keeps a title.
  expect(texts('slack')).toEqual([notification.title, 'of all'])
  expect(withTemplates(notification, {}, 'slack')).toBe(notification)
})

test('the configuration names the template', () => {
  const parsed = alertsConfig.safeParse({ templates: { email: { body: '{{ nope }}' } } })
  expect(parsed.error?.issues).toMatchObject([{ path: ['templates', 'email', 'body'] }])
})
