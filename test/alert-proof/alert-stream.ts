/** Random streams of alerts: what fires, ends, is silenced and inhibited at each step. The same seed makes the same stream. */

export type StreamAlert = Record<string, string> & { stream: string; n: string; alertname: string; host: string }

export interface Step {
  fire: StreamAlert[]
  resolve: StreamAlert[]
  /** Silences that begin, each over one alert. */
  silence: StreamAlert[]
  unsilence: StreamAlert[]
}

interface Life {
  labels: StreamAlert
  firing: boolean
  silenced: boolean
  /** Somebody may have heard of it. */
  told: boolean
}

export function randomStream(seed: number, steps: number): Step[] {
  const random = randomNumbers(seed)
  const lives = membersOf(seed, random)
  return Array.from({ length: steps }, (_, index) => nextStep(lives, random, index === 0))
}

function membersOf(seed: number, random: () => number): Life[] {
  const oneOf = <T>(...values: T[]) => values[Math.floor(random() * values.length)] as T
  const names = ['HostDown', 'HostDown', ...Array.from({ length: 6 }, () => oneOf('Slow', 'Errors'))]
  return names.map((alertname, index) => {
    const extra = oneOf(
      {},
      { severity: 'page' },
      { severity: 'page', team: 'gpu' },
      { team: 'net' },
      { repeats: '1' },
      { muted: '1' },
      { active: '1' },
    )
    const host = index < 2 ? `h${index}` : oneOf('h0', 'h1', 'h2')
    const labels = { stream: `s${seed}`, n: `${index}`, alertname, host, ...extra }
    return { labels, firing: false, silenced: false, told: false }
  })
}

/**
 * Nothing ends that was told and is muted now: there we differ from Alertmanager on purpose. Nor, where repeats are told, what
 * was not told: Alertmanager's word of it could be a repeat or not.
 */
function nextStep(lives: Life[], random: () => number, isFirst: boolean): Step {
  const step: Step = { fire: [], resolve: [], silence: [], unsilence: [] }
  const inhibitedBefore = inhibitedHosts(lives)
  for (const life of lives) {
    const { labels } = life
    const muted = life.silenced || isTarget(life, inhibitedBefore)
    const roll = random()
    if (!life.firing && roll < (isFirst ? 0.6 : 0.3)) {
      life.firing = true
      step.fire.push(labels)
    } else if (life.firing && roll < 0.35 && !(muted && (life.told || 'repeats' in labels))) {
      life.firing = false
      life.told = false
      step.resolve.push(labels)
    } else if (!life.silenced && labels.alertname !== 'HostDown' && roll > 0.9) {
      life.silenced = true
      step.silence.push(labels)
    } else if (life.silenced && roll > 0.6) {
      life.silenced = false
      step.unsilence.push(labels)
    }
  }
  undoEndsOfWhatIsInhibitedNow(lives, step)
  const inhibited = inhibitedHosts(lives)
  for (const life of lives) if (life.firing && !life.silenced && !isTarget(life, inhibited)) life.told = true
  return step
}

/** A host that goes down at this very step inhibits what would end with it. */
function undoEndsOfWhatIsInhibitedNow(lives: Life[], step: Step): void {
  const inhibited = inhibitedHosts(lives)
  step.resolve = step.resolve.filter((labels) => {
    const life = lives.find((each) => each.labels === labels)
    if (!life || !isTarget(life, inhibited)) return true
    Object.assign(life, { firing: true, told: true })
    return false
  })
}

function inhibitedHosts(lives: readonly Life[]): Set<string> {
  const sources = lives.filter(({ firing, labels }) => firing && labels.alertname === 'HostDown')
  return new Set(sources.map(({ labels }) => labels.host))
}

const isTarget = ({ labels }: Life, hosts: ReadonlySet<string>) =>
  labels.alertname !== 'HostDown' && hosts.has(labels.host)

/** From 0 to 1: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
