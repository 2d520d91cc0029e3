import { expect, test } from 'vitest'
import { adviceOn, type Answer } from './advice.ts'

const uvicorn = { server: 'uvicorn', 'content-type': 'application/json' }
const html = { 'content-type': 'text/html; charset=utf-8' }
const notSupported =
  '{"error":{"code":501,"message":"This server does not support metrics endpoint. Start it with `--metrics`","type":"not_supported_error"}}'
const noModel =
  '{"error":{"code":400,"message":"model name is missing from the request","type":"invalid_request_error"}}'

test.each<[string, Partial<Answer>, string]>([
  [
    'llama.cpp without --metrics',
    { status: 501, headers: { server: 'llama.cpp' }, start: notSupported },
    'start llama.cpp with --metrics',
  ],
  ['an older llama.cpp', { status: 404, headers: { server: 'llama.cpp' } }, 'start llama.cpp with --metrics'],
  [
    'llama.cpp before several models',
    { status: 400, headers: { server: 'llama.cpp' }, start: noModel },
    '?model=<name>',
  ],
  [
    'Ollama',
    { url: 'http://h:11434/metrics', status: 404, start: '404 page not found' },
    'Ollama has no metrics of its own',
  ],
  ['the root of Ollama', { url: 'http://h:11434/', start: 'Ollama is running' }, 'Ollama has no metrics of its own'],
  [
    'iterations of trtllm-serve',
    { headers: uvicorn, start: '[{"iter":1,"numActiveRequests":0,"kvCacheStats":{}}]' },
    '/prometheus/metrics',
  ],
  ['no iterations of trtllm-serve', { headers: uvicorn, start: '[]' }, '/prometheus/metrics'],
  [
    'trtllm-serve that does not measure',
    { url: 'http://h:8000/prometheus/metrics', status: 404, headers: uvicorn },
    'return_perf_metrics: true',
  ],
  ['/v1/metrics of another server', { url: 'http://h:8000/v1/metrics', status: 404 }, 'only NIM has its metrics here'],
  [
    'SGLang on its port',
    { url: 'http://h:30000/metrics', status: 404, headers: uvicorn, start: '{"detail":"Not Found"}' },
    'start SGLang with --enable-metrics',
  ],
  [
    'a Python server',
    { status: 404, headers: uvicorn, start: '{"detail":"Not Found"}' },
    'SGLang and LMDeploy need --enable-metrics',
  ],
  ['Triton on the port of requests', { status: 404, start: '{"error":"Not Found"}' }, 'port 8002'],
  ['any 404', { status: 404 }, 'NIM has /v1/metrics'],
  ['a path', { url: 'http://h/stats', status: 404 }, 'it is usually /metrics'],
  [
    'a login',
    { status: 302, headers: { location: 'https://sso.example.com/login?next=/metrics' } },
    'asks for a login',
  ],
  ['a slash', { status: 307, headers: { location: 'http://h:8000/metrics/' } }, 'with a slash at its end'],
  ['a redirect', { status: 301, headers: { location: 'https://h/metrics' } }, "write that address as the target's url"],
  ['the endpoint picker', { url: 'http://h:9090/metrics', status: 401 }, 'service account'],
  ['401', { status: 401 }, 'give it auth'],
  ['403', { status: 403 }, 'let this host in'],
  ['a login page', { headers: html, start: '<!DOCTYPE html><form>Password' }, 'asks for a login'],
  ['a web page', { headers: html, start: '<html><body>Welcome' }, 'usually /metrics'],
  ['JSON', { headers: { 'content-type': 'application/json' }, start: '{"status":"ok"}' }, 'the Prometheus page'],
  ['a gateway', { status: 502 }, 'is the server running'],
  ['starting', { status: 503 }, 'still be starting'],
  ['anything else', { status: 500 }, "look at the server's own log"],
])('%s', (_, answer, advice) => {
  const plain: Answer = { url: 'http://h:8000/metrics', status: 200, headers: {}, start: '' }
  expect(adviceOn({ ...plain, ...answer })).toContain(advice)
})
