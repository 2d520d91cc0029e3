/** Every kind of channel with a stand-in behind it, and what that has been told of each alert. */
import { alertmanagerStandIn } from '../../alerts/notify/testing/alertmanager.ts'
import { discordStandIn } from '../../alerts/notify/testing/discord.ts'
import { pagerdutyStandIn } from '../../alerts/notify/testing/pagerduty.ts'
import type { StandIn } from '../../alerts/notify/testing/server.ts'
import { slackStandIn } from '../../alerts/notify/testing/slack.ts'
import { smtpStandIn, smtpUser } from '../../alerts/notify/testing/smtp.ts'
import { teamsStandIn } from '../../alerts/notify/testing/teams.ts'
import { webhookStandIn } from '../../alerts/notify/testing/webhook.ts'

export interface Told {
  /** Messages that say it fires, that it is over, and that it fired and is over. */
  firing: number
  resolved: number
  both: number
}

export interface Vendor {
  name: string
  server: StandIn
  /** An entry of `notify:`. */
  channel: Record<string, unknown>
  /** Whether it recognises a message that comes twice because its answer was lost. */
  recognises: boolean
  /** Of the alert whose label `instance` is this. */
  told: (instance: string) => Told
}

/** Counts titles such as `[FIRING:1] Slow (instance=ep-1)`. */
function fromTitles(titles: readonly string[], instance: string): Told {
  const own = titles.filter((title) => new RegExp(String.raw`instance=${instance}\b`).test(plain(title)))
  const count = (mark: RegExp) => own.filter((title) => mark.test(plain(title))).length
  return { firing: count(/\[FIRING/), resolved: count(/\[RESOLVED/), both: count(/\[FIRED & RESOLVED/) }
}

const plain = (title: string) => title.replaceAll('\\', '').replaceAll('&amp;', '&')

export async function startVendors(): Promise<Vendor[]> {
  return Promise.all([
    slackWebhook(),
    slackBot(),
    pagerduty(),
    webhook(),
    command(),
    teams(),
    discord(),
    email(),
    alertmanager(),
  ])
}

async function slackWebhook(): Promise<Vendor> {
  const server = await slackStandIn()
  const told = (instance: string) =>
    fromTitles(
      server.messages.map(({ text }) => text),
      instance,
    )
  const channel = { type: 'slack', webhook_url: server.webhookUrl }
  return { name: 'slack webhook', server, channel, recognises: false, told }
}

/** Its first message shows how things stand; the reply in its thread is what says that it is over. */
async function slackBot(): Promise<Vendor> {
  const server = await slackStandIn()
  const { apiUrl: api_url, botToken: bot_token, channelId } = server
  return {
    name: 'slack bot',
    server,
    channel: { type: 'slack', api_url, bot_token, channel: channelId },
    recognises: true,
    told(instance) {
      const texts = (replies: boolean) =>
        server.posts.filter(({ thread_ts }) => (thread_ts !== undefined) === replies).map(({ text }) => text)
      const [roots, replies] = [fromTitles(texts(false), instance), fromTitles(texts(true), instance)]
      const began = roots.firing + roots.resolved + roots.both
      const over = replies.resolved + replies.both
      // Without a reply, the first message was the only one.
      return over > 0 ? { firing: began, resolved: over, both: 0 } : { ...roots, firing: roots.firing + replies.firing }
    },
  }
}

async function pagerduty(): Promise<Vendor> {
  const server = await pagerdutyStandIn()
  return {
    name: 'pagerduty',
    server,
    channel: { type: 'pagerduty', routing_key: server.routingKey, url: server.enqueueUrl },
    recognises: true,
    told(instance) {
      const own = server.incidents.filter(({ summary }) => new RegExp(`instance=${instance}\\b`).test(summary))
      return { firing: own.length, resolved: own.filter(({ status }) => status === 'resolved').length, both: 0 }
    },
  }
}

async function webhook(): Promise<Vendor> {
  const server = await webhookStandIn()
  const channel = { type: 'webhook', url: server.hookUrl, secret: server.secret }
  return { name: 'webhook', server, channel, recognises: true, told: toldByWebhook(server) }
}

/** The program passes what it reads on to a webhook. */
async function command(): Promise<Vendor> {
  const server = await webhookStandIn()
  const program = `
    let body = ''
    process.stdin.on('data', (chunk) => (body += chunk)).on('end', () =>
      fetch('${server.hookUrl}', { method: 'POST', body }).then(
        ({ ok }) => process.exit(ok ? 0 : 75),
        () => process.exit(75),
      ))`
  const channel = { type: 'command', command: [process.execPath, '-e', program], timeout_s: 60 }
  return { name: 'command', server, channel, recognises: false, told: toldByWebhook(server) }
}

function toldByWebhook({ messages }: Awaited<ReturnType<typeof webhookStandIn>>): Vendor['told'] {
  return (instance) => {
    const own = messages.filter(({ commonLabels }) => commonLabels['instance'] === instance)
    const count = (status: string) => own.filter((message) => message.status === status).length
    // The shape has no word for what fired and ended meanwhile: it arrives as its end.
    const both = count('firing') === 0 ? count('resolved') : 0
    return { firing: count('firing'), resolved: both > 0 ? 0 : count('resolved'), both }
  }
}

async function teams(): Promise<Vendor> {
  const server = await teamsStandIn()
  const told = (instance: string) => fromTitles(server.messages, instance)
  return { name: 'teams', server, channel: { type: 'teams', webhook_url: server.workflowUrl }, recognises: false, told }
}

/** The first message is edited once it is over: edited ones said that it fires. */
async function discord(): Promise<Vendor> {
  const server = await discordStandIn()
  return {
    name: 'discord',
    server,
    channel: { type: 'discord', webhook_url: server.webhookUrl },
    recognises: false,
    told(instance) {
      const titles = (edited: boolean) =>
        server.messages.filter(({ edits }) => edits > 0 === edited).map(({ title }) => title)
      const [as, edited] = [fromTitles(titles(false), instance), fromTitles(titles(true), instance)]
      return { ...as, firing: as.firing + edited.firing + edited.resolved + edited.both }
    },
  }
}

async function email(): Promise<Vendor> {
  const server = await smtpStandIn()
  const from = 'Inferwatch <alerts@example.com>'
  const channel = { type: 'email', host: '127.0.0.1', port: server.port, ...smtpUser, from, to: ['a@example.com'] }
  const subjects = () => server.mails.map(({ headers }) => headers.get('subject') ?? '')
  return { name: 'email', server, channel, recognises: true, told: (instance) => fromTitles(subjects(), instance) }
}

async function alertmanager(): Promise<Vendor> {
  const server = await alertmanagerStandIn()
  return {
    name: 'alertmanager',
    server,
    channel: { type: 'alertmanager', urls: [server.url] },
    recognises: true,
    told(instance) {
      const own = [...server.alerts.values()].filter(({ labels }) => labels['instance'] === instance)
      // Every one has an end: what fires is told again before it is reached.
      return { firing: own.length, resolved: own.length, both: 0 }
    },
  }
}
