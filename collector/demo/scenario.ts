/** The company that the demo plays: who calls which model for what, how often, and what goes wrong. */
import type { Random } from './random.ts'

export const demoEnvironment = 'demo'
export const demoService = 'demo-assistant'
/** Hosts and endpoints of the demo begin with this, so that its samples can be told from real ones. */
export const demoPrefix = 'demo-'
/** Stands in the path of every page that the demo serves, for the same reason. */
export const demoPath = '/demo/'

export const gpuHost = 'demo-gpu-1'
export const vllmEndpoint = 'demo-llama-70b'
export const vllmModel = 'meta-llama/Llama-3.1-70B-Instruct'

export interface App {
  feature: string
  team: string
  api: 'openai' | 'anthropic' | 'vllm'
  /** Who answers, as the merged row has it. */
  provider: 'openai' | 'anthropic' | 'vllm'
  endpoint: string
  model: string
  /** Share of all requests. */
  weight: number
  /** Tokens of the prompt that all requests of the app share, which providers cache. */
  shared_tokens: number
  /** Median of the rest of the prompt, in tokens. */
  prompt_tokens: number
  /** Median of the answer, in tokens. */
  answer_tokens: number
  max_tokens: number
  streamed: boolean
  question: string
}

export const apps: readonly [App, ...App[]] = [
  {
    feature: 'support-chat',
    team: 'support',
    api: 'anthropic',
    provider: 'anthropic',
    endpoint: 'demo-anthropic',
    model: 'claude-sonnet-4-6',
    weight: 20,
    shared_tokens: 1400,
    prompt_tokens: 500,
    answer_tokens: 140,
    max_tokens: 600,
    streamed: true,
    question: 'A customer asks why the invoice of last month was charged twice. Answer politely, with the next steps.',
  },
  {
    feature: 'search-answers',
    team: 'search',
    api: 'openai',
    provider: 'openai',
    endpoint: 'demo-openai',
    model: 'gpt-4o-mini',
    weight: 32,
    shared_tokens: 1100,
    prompt_tokens: 700,
    answer_tokens: 70,
    max_tokens: 300,
    streamed: true,
    question: 'Summarise these search results in two sentences and name the best one.',
  },
  {
    feature: 'contract-review',
    team: 'legal',
    api: 'openai',
    provider: 'openai',
    endpoint: 'demo-openai',
    model: 'gpt-4o',
    weight: 10,
    shared_tokens: 600,
    prompt_tokens: 3200,
    answer_tokens: 220,
    max_tokens: 800,
    streamed: true,
    question: 'List the clauses of this contract that limit liability, with their numbers.',
  },
  {
    feature: 'code-assist',
    team: 'platform',
    api: 'vllm',
    provider: 'vllm',
    endpoint: vllmEndpoint,
    model: vllmModel,
    weight: 28,
    shared_tokens: 400,
    prompt_tokens: 800,
    answer_tokens: 120,
    max_tokens: 500,
    streamed: true,
    question: 'Explain what this function does and suggest a shorter version.',
  },
  {
    feature: 'ticket-triage',
    team: 'support',
    api: 'vllm',
    provider: 'vllm',
    endpoint: vllmEndpoint,
    model: vllmModel,
    weight: 10,
    shared_tokens: 300,
    prompt_tokens: 350,
    answer_tokens: 30,
    max_tokens: 100,
    streamed: false,
    question: 'Which team should take this ticket? Answer with one word and a reason.',
  },
]

export const demoModels: readonly string[] = [...new Set(apps.map(({ model }) => model))]

export interface Call {
  app: App
  user_id: string
  session_id: string
  prompt_tokens: number
  answer_tokens: number
}

/** One call, as somebody makes it. */
export function drawCall(random: Random): Call {
  const app = random.pick(apps, ({ weight }) => weight)
  // A few users make most of the requests.
  const user = Math.floor(40 * random.next() ** 2.2)
  return {
    app,
    user_id: `user-${String(user + 1).padStart(3, '0')}`,
    session_id: `session-${user}-${random.below(4)}`,
    prompt_tokens: app.shared_tokens + clamp(random.lognormal(app.prompt_tokens, 0.45), 20, 12_000),
    answer_tokens: clamp(random.lognormal(app.answer_tokens, 0.55), 4, app.max_tokens),
  }
}

/** Requests a second that are expected at a time: quiet nights, a peak in the early afternoon (UTC), calm weekends. */
export function requestRate(atMs: number): number {
  const date = new Date(atMs)
  const hour = date.getUTCHours() + date.getUTCMinutes() / 60
  const daylight = Math.max(Math.cos(((hour - 14) / 24) * 2 * Math.PI), -0.6)
  const weekend = [0, 6].includes(date.getUTCDay()) ? 0.85 : 1
  return (3 + 1.4 * daylight) * weekend
}

export const faults = ['queue_saturation', 'rate_limit', 'gpu_throttling'] as const
export type Fault = (typeof faults)[number]

/** The incidents of every day that lies in the past, in minutes since midnight UTC. */
const incidents: readonly { fault: Fault; from: number; to: number }[] = [
  { fault: 'queue_saturation', from: 9 * 60 + 20, to: 9 * 60 + 45 },
  { fault: 'rate_limit', from: 15 * 60 + 5, to: 15 * 60 + 35 },
  { fault: 'gpu_throttling', from: 21 * 60 + 30, to: 21 * 60 + 50 },
]

export function pastFault(atMs: number): Fault | null {
  const minute = (atMs / 60_000) % 1440
  return incidents.find(({ from, to }) => minute >= from && minute < to)?.fault ?? null
}

/** Faults while the demo runs, one after the other. */
export interface FaultPlan {
  first_after_ms: number
  every_ms: number
  lasts_ms: number
}

/** Long enough for the shipped alert rules, which wait two minutes before they fire. */
export const defaultFaults: FaultPlan = { first_after_ms: 4 * 60_000, every_ms: 15 * 60_000, lasts_ms: 4 * 60_000 }

export function liveFault({ first_after_ms, every_ms, lasts_ms }: FaultPlan, runningMs: number): Fault | null {
  const since = runningMs - first_after_ms
  if (since < 0 || since % every_ms >= lasts_ms) return null
  return faults[Math.floor(since / every_ms) % faults.length] ?? null
}

function clamp(value: number, low: number, high: number): number {
  return Math.round(Math.min(Math.max(value, low), high))
}
