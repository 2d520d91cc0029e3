/** Sends calls at the rate of the time of day. */
import type { Clients } from './clients.ts'
import { seeded } from './random.ts'
import { drawCall, requestRate, type App, type Fault } from './scenario.ts'

const tickMs = 200
/** An application that gets no answers stops asking at some point; so do these. */
const maxInFlight: Record<App['api'], number> = { openai: 60, anthropic: 60, vllm: 45 }

export interface Traffic {
  requests(): number
  stop(): void
}

export function startTraffic(clients: Clients, fault: () => Fault | null, pace = 1): Traffic {
  const random = seeded(Date.now())
  const inFlight: Record<App['api'], number> = { openai: 0, anthropic: 0, vllm: 0 }
  let requests = 0
  const timer = setInterval(() => {
    const expected = requestRate(Date.now()) * pace * (tickMs / 1000)
    for (let left = random.poisson(expected); left > 0; left--) {
      const call = drawCall(random)
      const { api } = call.app
      // A batch job joins the others on the self-hosted model.
      const times = api === 'vllm' && fault() === 'queue_saturation' ? 2 : 1
      for (let at = 0; at < times && inFlight[api] < maxInFlight[api]; at++) {
        requests++
        inFlight[api]++
        void clients.run(call).finally(() => inFlight[api]--)
      }
    }
  }, tickMs)
  return { requests: () => requests, stop: () => clearInterval(timer) }
}
