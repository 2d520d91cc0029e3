/**
 * LLM clients that tests run as users do, in test/clients: a package of its own, since the OpenTelemetry that they ask
 * for is another than the product's. Installed once for each lock file.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { z } from 'zod'

const folder = new URL('../clients', import.meta.url).pathname
/** Holds the digest of the lock file that was installed; npm removes it before it installs anew. */
const stamp = join(folder, 'node_modules', '.installed')

/** False where the clients could not be installed: tests that need them are then skipped. */
export function clientsInstalled(): boolean {
  try {
    return readFileSync(stamp, 'utf8') === lockDigest()
  } catch {
    return false
  }
}

/** Installs the clients unless these very ones are there. Returns a notice when tests will miss them. */
export async function setUpClients(): Promise<string[]> {
  if (clientsInstalled()) return []
  try {
    const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=2000']
    const args = ['ci', '--prefix', folder, '--ignore-scripts', '--prefer-offline', ...retries]
    await promisify(execFile)('npm', args, { cwd: folder, timeout: 240_000 })
    writeFileSync(stamp, lockDigest())
    return []
  } catch (error) {
    // The command, and the first that npm said.
    const reason = error instanceof Error ? error.message.split('\n', 2).join(': ') : String(error)
    return [`LLM clients: their tests are skipped (${reason})`]
  }
}

function lockDigest(): string {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
}

/** By scenario: the trace it made, and what it failed with, or nothing. */
const outcomes = z.record(z.string(), z.object({ trace_id: z.string(), error: z.string() }))
export type Outcomes = z.infer<typeof outcomes>

/** What each scenario came to at the endpoint itself, and through the proxy. */
const comparisons = z.record(z.string(), z.object({ direct: z.unknown(), proxied: z.unknown() }))
export type Comparisons = z.infer<typeof comparisons>

/** Runs test/clients/<script>.mjs to its end. Rejects with what it wrote to stderr when it fails, or takes a minute. */
export async function runClient(script: string, env: Record<string, string>): Promise<Outcomes> {
  return outcomes.parse(await outputOf(script, env))
}

/** Runs test/clients/proxied-<script>.mjs, as `runClient` does. */
export async function runProxied(script: string, env: Record<string, string>): Promise<Comparisons> {
  return comparisons.parse(await outputOf(`proxied-${script}`, env))
}

async function outputOf(script: string, env: Record<string, string>): Promise<unknown> {
  const child = spawn(process.execPath, [join(folder, `${script}.mjs`)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${stderr}`)
  return JSON.parse(stdout)
}
