/**
 * The notifiers. To add one: a file that exports `defineNotifier(…)`, a line here, and a stand-in of the vendor in
 * `testing/` that checks its contract; the contract test runs over this list.
 */
import { z } from 'zod'
import { alertmanager } from './alertmanager.ts'
import { command } from './command.ts'
import { discord } from './discord.ts'
import { email } from './email.ts'
import { pagerduty } from './pagerduty.ts'
import { slack } from './slack.ts'
import { teams } from './teams.ts'
import { webhook } from './webhook.ts'

export const notifiers = [slack, pagerduty, webhook, email, teams, discord, alertmanager, command] as const

export const channelConfig = z.discriminatedUnion('type', configsOf(notifiers))

export type ChannelConfig = z.output<typeof channelConfig>

type Configs<List extends readonly { config: unknown }[]> = { -readonly [K in keyof List]: List[K]['config'] }

/** The list's schemas, in its order: the cast says no more than that. */
function configsOf<const List extends readonly { config: unknown }[]>(list: List): Configs<List> {
  return list.map((notifier) => notifier.config) as Configs<List>
}
