/**
 * Beside every test file that shares its process with others: what belongs to the process is, after the file, what it was before.
 * Whatever a file forgets would otherwise fail another one, and only in some orders.
 */
import { afterAll } from 'vitest'

const before = ofProcess()
// Hooks end in reverse order: this one, the first, sees what those of the file have put back.
afterAll(() => {
  const after = ofProcess()
  // Names alone: values of variables may be secrets.
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  )
  if (changed.length > 0)
    throw new Error(`this file leaves to others that use its process after it, changed: ${changed.join(', ')}`)
})

function ofProcess(): Map<string, unknown> {
  const registered = (globalThis as Record<symbol, object | undefined>)[Symbol.for('opentelemetry.js.api.1')] ?? {}
  return new Map<string, unknown>([
    ...Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value] as const),
    ['the working directory', process.cwd()],
    ['process.exitCode', process.exitCode],
    ...Object.entries({ setTimeout, setInterval, setImmediate, Date, fetch }),
    ...['SIGHUP', 'SIGINT', 'SIGTERM'].map(
      (signal) => [`listeners of ${signal}`, process.listenerCount(signal)] as const,
    ),
    // A second one is refused while the first is there.
    ...['metrics', 'trace', 'context', 'propagation'].map(
      (name) => [`OpenTelemetry's ${name}`, name in registered] as const,
    ),
  ])
}
