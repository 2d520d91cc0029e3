/** Debian's Prometheus with alert rules over samples that were taken from our database. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../../storage/client.ts'
import { prometheus, promtool } from '../../test/support/debian.ts'
import { eventually } from '../../test/support/eventually.ts'
import { cpuSeconds } from './processes.ts'
import type { Rule } from './rule-samples.ts'

interface Options {
  /** For its data, removed by the caller. */
  folder: string
  rules: readonly Rule[]
  rounds: number
}

interface Group {
  evaluationTime: number
  lastEvaluation: string
  rules: { health: string; lastError?: string; alerts: unknown[] }[]
}

export async function measurePrometheus(
  db: Db,
  { folder, rules, rounds }: Options,
): Promise<{ ms: number[]; cpuMs: number; firing: number }> {
  const data = join(folder, 'prometheus')
  mkdirSync(data)
  await writeBlocks(db, folder, data)
  const group = {
    name: 'bench',
    interval: '1s',
    rules: rules.map(({ alert, feature, aboveMs, windowMs }) => ({
      alert,
      expr: `quantile_over_time(0.95, duration_ms{feature="${feature}"}[${windowMs / 1000}s]) > ${aboveMs}`,
    })),
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus-rules.yml'), JSON.stringify({ groups: [group] }))
  const config = { rule_files: [join(folder, 'prometheus-rules.yml')] }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const listen = `127.0.0.1:${await freePort()}`
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${listen}`,
  ]
  const child = spawn(prometheus() ?? '', args, { stdio: 'ignore' })
  try {
    const current = async () => {
      const answer = await fetch(`http://${listen}/api/v1/rules`)
      const { data } = (await answer.json()) as { data: { groups: Group[] } }
      const [found] = data.groups
      return found?.rules.every(({ health }) => health === 'ok') ? found : null
    }
    let last = await eventually('Prometheus has evaluated the rules', current)
    const evaluations = async () => {
      const text = await (await fetch(`http://${listen}/metrics`)).text()
      return Number(/^prometheus_rule_evaluations_total\{.*\} (\S+)$/m.exec(text)?.[1]) / rules.length
    }
    const begun = { evaluations: await evaluations(), cpu: cpuSeconds(child.pid ?? 0) }
    const ms: number[] = []
    while (ms.length < rounds) {
      await sleep(200)
      const next = await current()
      if (!next || next.lastEvaluation === last.lastEvaluation) continue
      ms.push(next.evaluationTime * 1000)
      last = next
    }
    const cpu = cpuSeconds(child.pid ?? 0) - begun.cpu
    const cpuMs = (cpu * 1000) / ((await evaluations()) - begun.evaluations)
    return { ms, cpuMs, firing: last.rules.reduce((total, { alerts }) => total + alerts.length, 0) }
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

/** All requests as samples of one metric, in blocks as Prometheus itself would have written them. */
async function writeBlocks(db: Db, folder: string, data: string): Promise<void> {
  const rows = await db.query<{ line: string }>(
    `select concat('duration_ms{feature="', feature, '",model="', model, '"} ', toString(duration_ms), ' ',
      toString(toUnixTimestamp64Milli(timestamp) / 1000)) as line
    from requests order by feature, model, timestamp`,
  )
  const text = ['# TYPE duration_ms gauge', ...rows.map(({ line }) => line), '# EOF', ''].join('\n')
  writeFileSync(join(folder, 'samples.txt'), text)
  execFileSync(promtool() ?? '', ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'samples.txt'), data], {
    stdio: 'ignore',
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
