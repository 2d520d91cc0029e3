/**
 * Beside every test file that shares its process with others: what belongs to the process is, after the file, what it was before.
 * Whatever a file forgets would otherwise fail another one, and only in some orders.
 */
import { deepEqual } from 'node:assert/strict'
import { afterAll } from 'vitest'

const before = ofProcess()
// Hooks end in reverse order: this one, the first, sees what those of the file have put back.
afterAll(() => deepEqual(ofProcess(), before))

function ofProcess() {
  const registered = (globalThis as Record<symbol, object | undefined>)[Symbol.for('opentelemetry.js.api.1')] ?? {}
  return {
    env: { ...process.env },
    folder: process.cwd(),
    exitCode: process.exitCode,
    timers: [setTimeout, setInterval, setImmediate, Date],
    fetch,
    signals: ['SIGHUP', 'SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal)),
    // A second one is refused while the first is there.
    telemetry: ['metrics', 'trace', 'context', 'propagation'].filter((name) => name in registered),
  }
}
