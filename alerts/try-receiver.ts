/** A notification on demand from the command line: no process has to run, and nothing is stored. */
import { pino } from 'pino'
import { channelsOf } from './channel.ts'
import { systemClock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { Courier } from './courier.ts'
import { RowWriter } from './row-writer.ts'
import { createTelemetry } from './telemetry.ts'
import { tellTestAlert } from './test-alert.ts'
import { ConfigError } from './yaml-file.ts'

export interface TryOptions {
  receiver: string
  print: (line: string) => void
}

/** Prints how each channel fared. Returns whether all of them took both, what fires and its end; throws ConfigError on a receiver without channels. */
export async function tryReceiver(config: AlertsConfig, { receiver, print }: TryOptions): Promise<boolean> {
  const told = config.receivers.filter(({ notify }) => notify.length > 0)
  const found = told.find(({ name }) => name === receiver)
  if (!found) {
    const known = told.map(({ name }) => name).join(', ') || 'none is configured'
    throw new ConfigError(`no receiver "${receiver}" that is notified; expected one of: ${known}`)
  }
  const courier = unstored(config)
  courier.configure(channelsOf(found))
  const outcomes = await tellTestAlert(courier, receiver, systemClock.now())
  for (const { channel, ok, error } of outcomes)
    print(`${channel}: ${ok ? 'took a test notification, and its end' : `failed: ${error}`}`)
  return outcomes.every(({ ok }) => ok)
}

/** Keeps no groups, and writes nothing down. */
function unstored({ external_url = '', templates }: AlertsConfig): Courier {
  const [clock, log, telemetry] = [systemClock, pino({ level: 'silent' }), createTelemetry()]
  const writer = new RowWriter({ db: { insert: () => Promise.resolve() }, clock, log, telemetry })
  return new Courier(
    {
      clock,
      fetch: globalThis.fetch,
      random: Math.random,
      log,
      writer,
      telemetry,
      externalUrl: () => external_url.replace(/\/+$/, ''),
      templates: () => templates,
      brief: () => Promise.resolve(new Map()),
    },
    { waiting: () => [], told: () => [], settled: () => {} },
  )
}
