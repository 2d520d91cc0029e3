/** A made-up value for each column of the schema page: stored ones could be somebody's words. */
import { kindOf } from './sql-types.ts'

/** Texts by the names of their columns. */
const texts: Record<string, string> = {
  action: 'acknowledge',
  alerts: '4f1c9a2be07d3358',
  api_key: 'sk-…4f2a',
  api_key_id: 'key_01H8',
  batch: 'batch-7',
  body: 'The answer was cut off',
  channel: 'slack',
  chart: 'latency',
  cold_start: 'reported',
  column: 'user_id',
  comment: 'rolled back to 0.10',
  container: 'vllm',
  cost_source: 'catalogue',
  created_by: 'anna',
  device: 'NVIDIA H100 80GB HBM3',
  dialect: 'genai',
  driver_version: '570.86.15',
  dropped_targets: '[{"reason":"no port"}]',
  endpoint: 'llama-70b',
  endpoint_source: 'configured',
  environment: 'production',
  error: 'connection refused',
  error_type: 'rate_limit_exceeded',
  evaluator: 'faithfulness',
  evaluator_version: '2',
  event_id: '9f86d081884c7d65',
  event_name: 'exception',
  event_names: 'exception',
  example: 'service.name is missing',
  example_span_id: '00f067aa0ba902b7',
  example_trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  explanation: 'Names no source',
  feature: 'summarise',
  file: 'requests.csv',
  file_hash: '9f86d081884c7d65',
  fingerprint: 'a1b2c3d4e5f60718',
  finish_reason: 'stop',
  format: 'csv',
  gpu: '0',
  gpu_source: 'configured',
  gpu_uuids: 'GPU-5f8d1c3a-22b7-4d4e-9a41-7a1b5d0c9e13',
  group: 'latency',
  group_key: 'on-call/{model="gpt-4o"}',
  grouped_by: 'model',
  holder: 'gpu-node-1:4211',
  host: 'gpu-node-1',
  id: '0f8fad5b-d9cb',
  inherited_fields: 'team',
  input: '[{"role":"user","content":"Hello"}]',
  input_token_basis: 'inclusive',
  instance: 'vllm-1:8000',
  job: 'vllm',
  kind: 'deploy',
  label: 'environment',
  line_item: 'gpt-4o, input',
  link_span_ids: '00f067aa0ba902b7',
  link_trace_ids: '4bf92f3577b34da6a3ce929d0e0e4736',
  lora_adapters: 'support-v3',
  mapping: '{"model":"ModelName"}',
  matchers: 'severity="page"',
  merged_dialects: 'genai',
  merged_span_ids: '00f067aa0ba902b7',
  message: 'Rate limit reached',
  mig_id: '3',
  mig_ids: '3',
  mig_profile: '1g.10gb',
  model: 'gpt-4o',
  model_version: '2024-08-06',
  name: 'relevance',
  namespace: 'inference',
  operation: 'chat',
  outcome: 'ok',
  output: '[{"role":"assistant","content":"Hi"}]',
  page: 'overview',
  params: '{"team":"search"}',
  parent_span_id: 'a2fb4a1d1a96d312',
  pci_bus_id: '00000000:1B:00.0',
  pod: 'vllm-7d9c5b-x2x8p',
  previous_state: 'pending',
  price: '{"input":2.5,"output":10}',
  price_id: 'openai/gpt-4o',
  price_version: 'genai-prices@0.1.8',
  probe: 'llama-70b-chat',
  project_id: 'proj_01H8',
  prompt_name: 'summarise-ticket',
  prompt_version: '7',
  provider: 'openai',
  queue: 'chat',
  reason: 'stop',
  receiver: 'on-call',
  region: 'eu-west-1',
  request_id: 'chatcmpl-9xQ2',
  requested_model: 'gpt-4o-2024-08-06',
  role: 'user',
  rule: 'HighP95Latency',
  saved_by: 'anna',
  scope_name: 'opentelemetry.instrumentation.openai',
  scope_version: '0.48.0',
  search: '?range=24h',
  series: '11400714819323198485',
  server: 'vllm',
  server_address: 'api.openai.com',
  service: 'search-api',
  service_tier: 'default',
  session_id: 'session-204',
  severity: 'page',
  silence_id: '0f8fad5b-d9cb',
  source: 'ci',
  source_file: 'requests.csv',
  span_id: '00f067aa0ba902b7',
  sql: 'select count() from v_requests',
  state: 'firing',
  status: 'ok',
  status_message: 'Rate limit reached',
  subject: 'user-17',
  system: 'rabbitmq',
  target: 'http://vllm-1:8000/metrics',
  team: 'search',
  text: 'canary at 10 %',
  throttle_reasons: 'sw_power_cap',
  time_intervals: '[]',
  title: 'vLLM 0.11',
  token_type: 'input',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  type: 'http',
  unit: 'ms',
  url: 'https://ci.example/1042',
  usage_source: 'reported',
  user_id: 'user-17',
  uuid: 'GPU-5f8d1c3a-22b7-4d4e-9a41-7a1b5d0c9e13',
  value: 'up',
  variant: 'B',
  version: '0.11.0',
  vgpu: 'GRID A100-10C',
  who: 'anna',
  why: 'scraped at the same address',
}

const ofUnits: Record<string, string> = {
  ms: '350',
  bytes: '85899345920',
  'bytes per second': '1250000000',
  'US dollars': '0.0042',
  '0 to 1': '0.82',
  watts: '412',
  '°C': '61',
  joules: '41200',
  hertz: '1980000000',
  days: '30',
  tokens: '1284',
  'tokens per second': '48.5',
}

/** Numbers without a unit. */
const numbers: Record<string, string> = {
  attempt: '1',
  context_window: '128000',
  http_status: '200',
  is_deleted: '0',
  severity_number: '17',
  version: '1795341600000000',
}

/** `unit` as the schema page names it. */
export function exampleOf(name: string, type: string, unit: string | null): string {
  const state = /^AggregateFunction\((\w+(?:\([^)]*\))?)/.exec(type)?.[1]
  if (state !== undefined) return `${state.replace(/(?=\(|$)/, 'Merge')}(${name})`
  const [, outer = '', inner = ''] = /^(Array|Nullable|LowCardinality|Map|Tuple)\((.*)\)$/.exec(type) ?? []
  if (outer === 'Array') return `[${exampleOf(name, inner, unit)}]`
  if (outer === 'Nullable' || outer === 'LowCardinality') return exampleOf(name, inner, unit)
  if (outer === 'Map') return mapExample(name, inner)
  if (outer === 'Tuple')
    return `(${elements(inner)
      .map((element) => exampleOf('', typeOf(element), null))
      .join(', ')})`
  if (type === 'Bool') return 'true'
  if (/^Date(32)?$/.test(type)) return "'2026-11-21'"
  const kind = kindOf(type)
  if (kind === 'time') return "'2026-11-21 10:00:00'"
  if (kind === 'number') return (unit === null ? numbers[name] : ofUnits[unit]) ?? '12'
  return `'${texts[name] ?? 'text'}'`
}

function mapExample(name: string, inner: string): string {
  const value = elements(inner)[1] ?? 'String'
  if (kindOf(value) === 'text') return "map('environment', 'production')"
  return `map('stop', ${exampleOf(name, value, null)})`
}

/** Of the types between the parentheses, those that a comma parts. */
function elements(inner: string): string[] {
  const parts: string[] = ['']
  let depth = 0
  for (const letter of inner) {
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === ',' && depth === 0) parts.push('')
    else parts.push((parts.pop() ?? '') + letter)
  }
  return parts.map((part) => part.trim())
}

/** Elements of a tuple have names. */
const typeOf = (element: string) => element.replace(/^[a-z]\w* /, '')
