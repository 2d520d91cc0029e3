/** What the empty dashboard tells people to paste: the OpenAI snippet, run as it stands against a stand-in of the endpoint. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startOpenAi } from '../collector/demo/stand-ins/openai.ts'
import { snippets } from '../dashboard/web/src/lib/snippets.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance } from './support/instance.ts'

const run = promisify(execFile)

test('the OpenAI snippet sends a request with its tokens', async () => {
  const openai = await startOpenAi()
  const folder = instanceFolder()
  const instance = await startInstance(folder)
  try {
    const [snippet] = snippets({ otlp_http: new URL(instance.urls.otlp_http).host })
    // Inside the project, so that it finds the packages that it names.
    const file = join(import.meta.dirname, '.output', 'app.mjs')
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, snippet?.code ?? '')
    expect(snippet?.run).toBe('node app.mjs')
    const { stdout } = await run(process.execPath, [file], {
      env: {
        ...process.env,
        // The SDK sends metrics and logs to the default address otherwise, and waits for it.
        OTEL_EXPORTER_OTLP_ENDPOINT: instance.urls.otlp_http,
        OPENAI_API_KEY: 'sk-stand-in',
        OPENAI_BASE_URL: `${openai.url}/v1`,
      },
    })
    expect(stdout.trim()).not.toBe('')
    const [row] = await eventually('the request', async () => {
      const rows = await sql<object>(
        instance,
        'SELECT service, model, provider, status, input_tokens > 0 AS told FROM requests',
      )
      return rows.length > 0 ? rows : null
    })
    expect(row).toEqual({ service: 'my-app', model: 'gpt-4o-mini', provider: 'openai', status: 'ok', told: 1 })
  } finally {
    await Promise.all([instance.stop(), openai.close()])
    removeFolder(folder)
  }
})
