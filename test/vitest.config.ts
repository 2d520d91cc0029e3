import { defineConfig } from 'vitest/config'

/** Unit tests sit beside their modules; end-to-end and browser tests in test/. Files share two cores: few workers, long time-outs. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'data/**'],
    globalSetup: ['test/build-web.ts', 'test/storage-template.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
