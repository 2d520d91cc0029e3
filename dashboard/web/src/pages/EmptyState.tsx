import { Button, Tabs } from '@mantine/core'
import { useDemo, type Status } from '../data/status.ts'
import { snippets } from '../lib/snippets.ts'
import { Snippet } from '../panels/Snippet.tsx'

/** Nothing has come in yet: how to send the first trace, and a button that shows what it will look like. */
export function EmptyState({ status }: { status: Status }) {
  const shown = snippets(status.addresses)
  return (
    <div className="welcome">
      <header>
        <h2>No requests yet</h2>
        <p>
          Inferwatch listens for OpenTelemetry traces on <code>{`http://${status.addresses.otlp_http}`}</code>. Point an
          application at it, and latency, tokens, errors and spend per model appear here within a second.
        </p>
      </header>
      <DemoOffer state={status.demo} />
      <Tabs defaultValue={shown[0]?.name ?? ''} keepMounted={false}>
        <Tabs.List aria-label="Client">
          {shown.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(({ name, install, code, run }) => (
          <Tabs.Panel key={name} value={name} pt="md">
            <Snippet label="Install" text={install} />
            <Snippet label="Code" text={code} />
            <Snippet label="Run" text={run} />
          </Tabs.Panel>
        ))}
      </Tabs>
      <p className="dim">
        GPUs and inference servers: list their metrics pages under <code>scrape.targets</code>, or where to look for
        them under <code>scrape.discovery</code>, in <code>inferwatch.yaml</code>. Past requests:{' '}
        <code>npx node main.ts import requests.csv</code>.
      </p>
    </div>
  )
}

function DemoOffer({ state }: { state: Status['demo'] }) {
  const demo = useDemo()
  const starting = demo.isPending || state === 'starting' || state === 'running'
  return (
    <section className="demo" aria-label="Demo traffic">
      <div>
        <h3>Look around first</h3>
        <p className="dim">
          Simulated applications call simulated models on this machine: a day of history, GPUs, and a fault from time to
          time. All of it is marked <code>environment = demo</code>; <code>npx node main.ts demo --clear</code> removes
          it.
        </p>
        {(demo.error || state === 'failed') && (
          <p role="alert" className="failure-text">
            {demo.error?.message ?? 'Demo traffic stopped; the log of inferwatch says why'}
          </p>
        )}
      </div>
      <Button onClick={() => demo.mutate('start')} loading={starting}>
        Start demo traffic
      </Button>
    </section>
  )
}
