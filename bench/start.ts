/** Start to serving, and what the idle product holds in memory: `npm run bench -- start`. */
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { instanceFolder, removeFolder, startInstance } from '../test/support/instance.ts'

const rounds = Number(process.argv[3] ?? 3)
const idleMs = Number(process.argv[4] ?? 15_000)
const folder = instanceFolder()
try {
  process.stdout.write(
    '| start | announced, ms | ready, ms | idle RSS, MB | of it engine, MB |\n|---|---|---|---|---|\n',
  )
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const instance = await startInstance(folder)
    const announced = performance.now() - start
    while ((await fetch(`${instance.urls.dashboard}/readyz`)).status !== 200) await sleep(10)
    const ready = performance.now() - start
    await sleep(idleMs)
    const engine = instance.enginePid()
    const total = tree(instance.pid).reduce((sum, pid) => sum + rssMb(pid), 0)
    process.stdout.write(
      `| ${round === 0 ? 'first (makes the tables)' : 'again'} | ${announced.toFixed(0)} | ${ready.toFixed(0)} | ${total.toFixed(0)} | ${engine ? rssMb(engine).toFixed(0) : '?'} |\n`,
    )
    await instance.stop()
  }
} finally {
  removeFolder(folder)
}

/** A process and its descendants. */
function tree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(tree)]
}

function rssMb(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) / 1024
}
