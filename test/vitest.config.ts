import { defineConfig } from 'vitest/config'
import { BrowsersFirst, proofs } from './sequencer.ts'

const exclude = ['**/node_modules/**', 'data/**']
const whole = ['test/**/*.test.ts', 'collector/demo/clients.test.ts']

/**
 * Unit tests sit beside their modules; end-to-end and browser tests in test/. Three at once on two cores: one of them mostly waits, for
 * an engine, a page or a timer. Time-outs are long, since nothing is known of how busy the machine is. A test that fails is tried once
 * more, and `npm test` names it.
 *
 * Processes of unit tests stay, and with them what is imported: files follow each other in them, as they come. So a file puts back what
 * it changes of its process, which `leaves-nothing.ts` sees to.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/set-up.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: BrowsersFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    retry: 1,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      // What they break at random they must bear every time, and each has its process for itself.
      { extends: true, test: { name: 'proofs', include: proofs, exclude, retry: 0 } },
      // End-to-end and browser tests leave processes and pages to end with theirs; what is instrumented is for good.
      { extends: true, test: { name: 'whole', include: whole, exclude: [...exclude, ...proofs] } },
      {
        extends: true,
        test: {
          name: 'rest',
          include: ['**/*.test.ts'],
          exclude: [...exclude, ...proofs, ...whole],
          isolate: false,
          setupFiles: ['test/leaves-nothing.ts'],
        },
      },
    ],
  },
})
