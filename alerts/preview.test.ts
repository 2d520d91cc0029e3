import { expect, test } from 'vitest'
import { alertsConfig } from './config.ts'
import { previewNotification } from './preview.ts'

const config = alertsConfig.parse({
  external_url: 'https://watch.example.com/',
  shipped_rules: false,
  templates: { teams: { title: 'Team: {{ labels.alertname }}' } },
  receivers: [
    {
      name: 'on-call',
      notify: [
        { type: 'slack', webhook_url: 'https://hooks.slack.com/services/T0/B0/s3cr3ts3cr3t' },
        { type: 'slack', bot_token: 'xoxb-s3cr3ts3cr3t', channel: 'C024BE91L' },
        { type: 'pagerduty', routing_key: 'R0s3cr3ts3cr3t' },
        { type: 'webhook', url: 'https://example.com/s3cr3ts3cr3t', secret: 'whsec_s3cr3ts3cr3t' },
        { type: 'teams', webhook_url: 'https://example.com/s3cr3ts3cr3t' },
        { type: 'discord', webhook_url: 'https://discord.com/api/webhooks/1/s3cr3ts3cr3t' },
        { type: 'alertmanager', urls: ['https://alertmanager.example.com'] },
        { type: 'email', host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] },
        { type: 'command', command: ['/bin/false'] },
      ],
    },
  ],
})
const asked = { config, baseDir: '.', receiver: 'on-call', resolved: false, now: Date.UTC(2026, 10, 21, 10) }

test('every channel shows what it would be sent, without its secret', async () => {
  const previews = await previewNotification(asked, null)
  expect(previews.map(({ channel }) => channel)).toEqual([
    'slack',
    'slack-2',
    'pagerduty',
    'webhook',
    'teams',
    'discord',
    'alertmanager',
    'email',
    'command',
  ])
  for (const { text } of previews) expect(text).toContain('gpt-4o')
  expect(JSON.stringify(previews)).not.toContain('s3cr3t')
  expect(previews.find(({ channel }) => channel === 'teams')?.text).toContain('Team: HighP95Latency')
  expect(previews.find(({ channel }) => channel === 'email')?.text).toContain(
    'Subject: [FIRING:1] HighP95Latency (model=gpt-4o)',
  )
})

test('its end, too', async () => {
  const previews = await previewNotification({ ...asked, resolved: true }, null)
  expect(previews[0]?.text).toContain('[RESOLVED] HighP95Latency')
})

test('an unknown receiver is named, with those that there are', async () => {
  await expect(previewNotification({ ...asked, receiver: 'nobody' }, null)).rejects.toThrow(/"nobody".*on-call/)
})
