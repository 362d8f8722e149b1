import { type Line, type LineName, lines, type Place } from './lines.ts'
import { Witness } from './witness.ts'

/** Shares of the audience, in thousandths. Most are on the cheapest line, and each line has two or more. */
const shares: Readonly<Record<LineName, number>> = {
  websocket: 720,
  'event stream': 130,
  poller: 80,
  'stock websocket': 25,
  'stock polling': 15,
  'library by socket': 15,
  'library by event stream': 10,
  'library by polling': 5,
}

const leastOfEach = 2
/** Followers that come at once, and the pause before the next of them. */
const rampFollowers = 20
const rampEveryMs = 25
/** Every so often, one in so many of the audience leaves. */
const churnEveryMs = 250
const churnShare = 0.01
const awayMsPreset = 3_000

/** Those who leave come back by their cursor on any of these. A library keeps its cursor to itself. */
const wandering: readonly LineName[] = ['websocket', 'event stream', 'poller', 'stock websocket', 'stock polling']

class Follower {
  readonly witness: Witness
  readonly #place: Place
  #line: Line | null = null
  #asleep = false

  constructor(place: Place, witness: Witness) {
    this.#place = place
    this.witness = witness
  }

  /** Whether it is connected, or on its way to be, and reads. */
  get here(): boolean {
    return this.#line !== null && !this.#asleep
  }

  /** Stops reading, of the other channel as well. False where its line can't. */
  fallAsleep(other: string): boolean {
    this.#asleep = this.#line?.fallAsleep?.(other) === true
    return this.#asleep
  }

  wake(): void {
    if (this.#asleep) this.#line?.wake?.()
    this.#asleep = false
  }

  come(by: LineName): void {
    this.#line = lines[by](this.#place, this.witness)
  }

  leave(): void {
    this.#line?.close()
    this.#line = null
  }
}

/** All who follow, over all transports and on all nodes, some of whom leave and come back all the time. */
export class Audience {
  readonly #place: Place
  readonly #followers: Follower[] = []
  readonly #away = new Map<Follower, { readonly by: LineName; readonly timer: NodeJS.Timeout }>()
  readonly #awayMsMax: number
  #churn: NodeJS.Timeout | undefined

  /** Whoever leaves stays away for up to so long. */
  constructor(place: Place, awayMsMax = awayMsPreset) {
    this.#place = place
    this.#awayMsMax = awayMsMax
  }

  get witnesses(): readonly Witness[] {
    return this.#followers.map(({ witness }) => witness)
  }

  /** They come a few at a time, as real ones do. */
  async gather(count: number): Promise<void> {
    const names = namesFor(count)
    for (let at = 0; at < names.length; at += rampFollowers) {
      for (const [i, name] of names.slice(at, at + rampFollowers).entries()) {
        const follower = new Follower(this.#place, new Witness(`${name} ${at + i}`))
        this.#followers.push(follower)
        follower.come(name)
      }
      await pause(rampEveryMs)
    }
  }

  startChurn(): void {
    this.#churn = setInterval(() => {
      const leaving = Math.max(1, Math.round(this.#followers.length * churnShare))
      for (let i = 0; i < leaving; i++) this.#sendAway()
    }, churnEveryMs)
  }

  /** Nobody leaves any more, and those who are away come back. */
  endChurn(): void {
    clearInterval(this.#churn)
    for (const [follower, { by, timer }] of this.#away) {
      clearTimeout(timer)
      follower.come(by)
    }
    this.#away.clear()
  }

  /** How many of those who are here do not hold the log up to there. */
  short(epoch: string, offset: number): number {
    return this.#followers.filter(({ here, witness }) => here && (witness.epoch !== epoch || witness.offset < offset))
      .length
  }

  /** A share of all stops reading; their sockets are to be filled by another channel. Gives how many. */
  fallAsleep(share: number, other: string): number {
    let left = Math.round(this.#followers.length * share)
    let sleepers = 0
    for (const follower of this.#followers) {
      if (left === 0) break
      if (!follower.here || !follower.fallAsleep(other)) continue
      sleepers++
      left--
    }
    return sleepers
  }

  wake(): void {
    for (const follower of this.#followers) follower.wake()
  }

  close(): void {
    clearInterval(this.#churn)
    for (const { timer } of this.#away.values()) clearTimeout(timer)
    for (const follower of this.#followers) follower.leave()
  }

  #sendAway(): void {
    const follower = this.#followers[Math.floor(Math.random() * this.#followers.length)]
    if (follower === undefined || !follower.here) return
    const [kind = ''] = follower.witness.name.split(/ \d+$/)
    follower.leave()
    const by = wandering.find((name) => name === kind && Math.random() < 0.7) ?? someLine(kind)
    const timer = setTimeout(() => {
      this.#away.delete(follower)
      follower.come(by)
    }, Math.random() * this.#awayMsMax)
    this.#away.set(follower, { by, timer })
  }
}

/** Mostly the cheap ones: a stock client costs what twenty plain ones do. */
function someLine(kind: string): LineName {
  const library = wandering.every((name) => name !== kind)
  if (library) return 'library by socket'
  const drawn = Math.random()
  if (drawn < 0.5) return 'event stream'
  if (drawn < 0.9) return 'websocket'
  return drawn < 0.95 ? 'poller' : 'stock websocket'
}

/** Where there are few, the least of each leave fewer for the first and most frequent line. */
function namesFor(count: number): LineName[] {
  const all = Object.entries(shares).flatMap(([name, share]) =>
    Array.from({ length: Math.max(leastOfEach, Math.round((count * share) / 1_000)) }, () => name as LineName),
  )
  return all.slice(-count)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
