/**
 * The trace of an Azure LLM service, imported beside a running instance: SQL, the API and the page give the same numbers.
 * The trace is Microsoft's AzurePublicDataset and no part of this repository: without it the test is skipped.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testBrowser } from './dashboard/browser.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

const trace = new URL('../../shared/data/AzureLLMInferenceTrace_code.csv', import.meta.url).pathname
const main = new URL('../main.ts', import.meta.url).pathname
const run = promisify(execFile)

describe.skipIf(!existsSync(trace))('AzureLLMInferenceTrace_code.csv', () => {
  let folder: string
  let instance: Instance
  beforeAll(async () => {
    folder = instanceFolder()
    instance = await startInstance(folder)
  })
  afterAll(async () => {
    await instance.stop()
    removeFolder(folder)
  })

  const importTrace = async () => {
    const map = 'timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens'
    const flags = ['--map', map, '--set', 'model=gpt-4o,provider=openai', '--shift-to', 'now']
    const { stdout } = await run(process.execPath, [
      main,
      'import',
      trace,
      ...flags,
      '--config',
      join(folder, 'inferwatch.yaml'),
    ])
    return stdout
  }

  test('the second import adds nothing', async () => {
    expect(await importTrace()).toMatch(/imported +8,819\n +already there +0\n +rejected +0\n/)
    expect(await importTrace()).toMatch(/imported +0\n +already there +8,819\n +rejected +0\n/)
  })

  test('SQL', async () => {
    const sums = `count() AS requests, sum(input_tokens) AS input, sum(output_tokens) AS output,
      quantileExact(0.5)(input_tokens) AS input_p50, quantileExact(0.5)(output_tokens) AS output_p50`
    expect(await sql(instance, `SELECT ${sums} FROM requests`)).toEqual([
      { requests: 8819, input: 18_059_974, output: 245_896, input_p50: 1469, output_p50: 13 },
    ])
  })

  test('the API', async () => {
    const answer = await fetch(`${instance.urls.dashboard}/api/models?range=24h`)
    expect(await answer.json()).toMatchObject({
      models: [
        {
          model: 'gpt-4o',
          requests: 8819,
          input_tokens: 18_059_974,
          output_tokens: 245_896,
          input_tokens_p50: 1469,
          output_tokens_p50: 13,
          // Nothing in the trace tells how long an answer took.
          p50_ms: null,
        },
      ],
    })
  })

  test('the page', async () => {
    const browser = await testBrowser()
    try {
      const { page, complaints } = await browser.open(`${instance.urls.dashboard}/?range=24h`)
      const row = page.getByRole('row').filter({ hasText: 'gpt-4o' }).filter({ hasText: '8,819' })
      await row.getByTitle('18,059,974 tokens').waitFor()
      await row.getByTitle('245,896 tokens').waitFor()
      const cells = await row.getByRole('cell').allInnerTexts()
      expect(cells).toEqual(expect.arrayContaining(['8,819', '1,469', '13']))
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
