import { defineConfig } from 'vitest/config'
import { SpreadWaiting } from './sequencer.ts'

/**
 * Unit tests sit beside their modules; end-to-end and browser tests in test/. Three at once on two cores: one of them mostly waits, for
 * an engine, a page or a timer. Time-outs are long, since nothing is known of how busy the machine is.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'data/**'],
    globalSetup: ['test/set-up.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: SpreadWaiting },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
