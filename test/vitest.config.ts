import { defineConfig } from 'vitest/config'
import { proofs, pure, SpreadWaiting } from './sequencer.ts'

const exclude = ['**/node_modules/**', 'data/**']

/**
 * Unit tests sit beside their modules; end-to-end and browser tests in test/. Three at once on two cores: one of them mostly waits, for
 * an engine, a page or a timer. Time-outs are long, since nothing is known of how busy the machine is. A test that fails is tried once
 * more, and `npm test` names it.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/set-up.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: SpreadWaiting },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    retry: 1,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      // One process for all of them, which costs a fraction of one for each.
      { extends: true, test: { name: 'pure', include: pure, exclude, isolate: false } },
      // What they break at random they must bear every time.
      { extends: true, test: { name: 'proofs', include: proofs, exclude, retry: 0 } },
      { extends: true, test: { name: 'rest', include: ['**/*.test.ts'], exclude: [...exclude, ...pure, ...proofs] } },
    ],
  },
})
