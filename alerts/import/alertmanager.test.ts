import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertsConfig } from '../config.ts'
import { importText } from './index.ts'

const imported = (text: string) => {
  const { text: yaml, notes: lost } = importText(text, 'am.yml')
  return { config: (parse(yaml) as { alerts: Record<string, unknown> }).alerts, lost }
}

test('a whole file, and every line that was lost', () => {
  const { config, lost } = imported(`global:
  resolve_timeout: 1h30m
  slack_api_url: https://hooks.slack.com/services/a/b/c
  smtp_smarthost: mail:25
templates: [ '/etc/alertmanager/*.tmpl' ]
route:
  receiver: chat
  group_interval: 1w
  routes:
    - matchers: [ severity="page", team=~"a|b" ]
      receiver: pager
      group_by: [ alertname ]
      continue: true
      mute_time_intervals: [ nights ]
      routes:
        - match: { team: a }
          match_re: { host: gpu-.* }
          group_by: []
    - { match: { alertname: Watchdog }, receiver: 'null' }
receivers:
  - name: chat
    slack_configs:
      - channel: '#ops'
        title: '{{ .CommonLabels.alertname }}'
    email_configs:
      - to: ops@example.com
  - name: pager
    pagerduty_configs:
      - routing_key: R0
        send_resolved: false
      - service_key: old
    webhook_configs:
      - { url: 'https://example.com/hook', http_config: { bearer_token: x } }
  - name: 'null'
  - name: ops
    opsgenie_configs: [ { api_key: x } ]
inhibit_rules:
  - { source_match: { a: b }, target_matchers: [ c=d ], equal: [ host ] }
  - { target_matchers: [ c=d ] }
mute_time_intervals:
  - name: nights
    time_intervals: [ { times: [ { start_time: '00:00', end_time: '06:00' } ], weekdays: [ 'monday:friday' ] } ]
tracing: {}
`)
  expect(config).toEqual({
    receivers: [
      {
        name: 'chat',
        // Unless said otherwise Alertmanager does not tell Slack and mailboxes what has resolved.
        notify: [{ type: 'slack', webhook_url: 'https://hooks.slack.com/services/a/b/c', send_resolved: false }],
      },
      {
        name: 'pager',
        notify: [
          { type: 'pagerduty', routing_key: 'R0', send_resolved: false },
          { type: 'webhook', url: 'https://example.com/hook' },
        ],
      },
      { name: 'null', notify: [] },
      { name: 'ops', notify: [] },
    ],
    route: {
      receiver: 'chat',
      group_by: [],
      group_wait: '30s',
      group_interval: '7d',
      routes: [
        {
          receiver: 'pager',
          group_by: ['alertname'],
          continue: true,
          matchers: ['severity="page"', 'team=~"a|b"'],
          mute_time_intervals: ['nights'],
          routes: [{ match: { team: 'a' }, match_re: { host: 'gpu-.*' } }],
        },
        { receiver: 'null', match: { alertname: 'Watchdog' } },
      ],
    },
    inhibit_rules: [{ source_match: { a: 'b' }, target_matchers: ['c=d'], equal: ['host'] }],
    time_intervals: [
      {
        name: 'nights',
        time_intervals: [{ times: [{ start_time: '00:00', end_time: '06:00' }], weekdays: ['monday:friday'] }],
      },
    ],
    resolve_timeout: '90m',
  })
  expect(alertsConfig.safeParse(config).error).toBeUndefined()
  expect(lost.toSorted()).toEqual(
    [
      'am.yml:5: templates.0: templates are not carried over',
      'am.yml:23: receivers.0.slack_configs.0.channel: not carried over',
      'am.yml:24: receivers.0.slack_configs.0.title: not carried over',
      'am.yml:26: receivers.0.email_configs.0: has no to, from or smarthost (host:port)',
      'am.yml:31: receivers.1.pagerduty_configs.1: has no routing_key that stands in the file; service_key is of an older API',
      'am.yml:31: receivers.1.pagerduty_configs.1.service_key: not carried over',
      'am.yml:33: receivers.1.webhook_configs.0.http_config: not carried over',
      'am.yml:36: receivers.3.opsgenie_configs.0: opsgenie_configs has no channel that is carried over; add one by hand',
      'am.yml:35: receivers.3: ops tells nobody until a channel is added',
      'am.yml:39: inhibit_rules.1: has no source matcher: every alert would keep others from being told',
      'am.yml:43: tracing: not carried over',
    ].toSorted(),
  )
})

test('a channel of Slack whose address stands in another file is not sent to that of all others', () => {
  const { config, lost } = imported(`global: { slack_api_url: 'https://hooks.slack.com/services/a/b/c' }
route: { receiver: chat }
receivers:
  - name: chat
    slack_configs:
      - { api_url_file: /etc/slack }
`)
  expect(config['receivers']).toEqual([{ name: 'chat', notify: [] }])
  expect(lost).toContain('am.yml:6: receivers.0.slack_configs.0: has no api_url that stands in the file')
})

test('what labels have to be may be written as numbers', () => {
  const { config, lost } = imported(`route:
  receiver: chat
  routes: [{ match: { code: 500, ok: false }, match_re: { port: 8000 } }]
receivers: [{ name: chat }]
inhibit_rules: [{ source_match: { level: 2 }, target_match: { level: 1 } }]
`)
  expect(lost).toEqual([])
  expect(alertsConfig.parse(config)).toMatchObject({
    route: { routes: [{ match: { code: '500', ok: 'false' }, match_re: { port: '8000' } }] },
    inhibit_rules: [{ source_match: { level: '2' }, target_match: { level: '1' } }],
  })
})

test('mail, Teams and Discord', () => {
  const { config, lost } = imported(`global:
  smtp_from: Alerts <alerts@example.com>
  smtp_smarthost: mail.example.com:587
  smtp_auth_username: alerts
  smtp_auth_password: s3cr3t-s3cr3t
route: { receiver: all }
receivers:
  - name: all
    email_configs:
      - to: 'a@example.com, b@example.com'
        html: '{{ template "x" . }}'
      - { to: c@example.com, from: d@example.com, smarthost: '127.0.0.1:25', require_tls: false }
      - { smarthost: 'mail:25' }
    msteamsv2_configs:
      - webhook_url: https://example.logic.azure.com/workflows/a
    discord_configs:
      - webhook_url: https://discord.com/api/webhooks/1/a
      - webhook_url_file: /run/secrets/discord
    msteams_configs:
      - webhook_url: https://example.webhook.office.com/a
`)
  const auth = { username: 'alerts', password: 's3cr3t-s3cr3t' }
  const from = 'Alerts <alerts@example.com>'
  const send_resolved = false
  expect(config['receivers']).toEqual([
    {
      name: 'all',
      notify: [
        {
          type: 'email',
          host: 'mail.example.com',
          port: 587,
          ...auth,
          from,
          to: ['a@example.com', 'b@example.com'],
          send_resolved,
        },
        {
          type: 'email',
          host: '127.0.0.1',
          port: 25,
          require_tls: false,
          ...auth,
          from: 'd@example.com',
          to: ['c@example.com'],
          send_resolved,
        },
        { type: 'teams', webhook_url: 'https://example.logic.azure.com/workflows/a' },
        { type: 'discord', webhook_url: 'https://discord.com/api/webhooks/1/a' },
      ],
    },
  ])
  expect(alertsConfig.safeParse(config).error).toBeUndefined()
  expect(lost).toEqual([
    'am.yml:11: receivers.0.email_configs.0.html: not carried over',
    'am.yml:13: receivers.0.email_configs.2: has no to, from or smarthost (host:port)',
    'am.yml:18: receivers.0.discord_configs.1: has no webhook_url that stands in the file',
    'am.yml:18: receivers.0.discord_configs.1.webhook_url_file: not carried over',
    'am.yml:20: receivers.0.msteams_configs.0: msteams_configs has no channel that is carried over; add one by hand',
  ])
})

test('what our parser does not take is named with its line', () => {
  const { lost } = imported(`route:
  receiver: a
  repeat_interval: soon
  routes:
    - matchers: [ 'a=~"\\\\pL("' ]
    - receiver: b
receivers: [ { name: a } ]
`)
  expect(lost).toEqual([
    'am.yml:3: route.repeat_interval: "soon" is no duration',
    expect.stringMatching(/^am.yml:5: route.routes.0.matchers.0: to be mended in the result: expected a regular expr/),
    expect.stringMatching(/^am.yml:6: route.routes.1.receiver: to be mended in the result: "b" is no receiver/),
  ])
})
