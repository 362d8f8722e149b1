/** What each client goes through, all of a language at the same time. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../test/faults/until.ts'
import type { Transport, Trial } from './clients.ts'
import { Follower } from './follower.ts'
import type { Write } from './judge.ts'
import { channel, type NodeName, type Stage } from './stage.ts'

export const stepNames = [
  'follow',
  'publish',
  'edit',
  'pin',
  'retract',
  'burst',
  'drain',
  'kill',
  'resume',
  'unfollow',
] as const
export type StepName = (typeof stepNames)[number]

export interface Result {
  readonly trial: Trial
  /** The steps that the client went through, each with what was wrong, or null. */
  readonly steps: Map<StepName, string | null>
  /** The longest wait for a post while the client's node was drained or killed; null if one never came. */
  readonly waitedMs: Map<'drain' | 'kill', number | null>
  readonly reopened: number
}

const burstPosts = 10
/** Between two posts while a node ends, and for as long after its end. */
const pauseMs = 200
const afterEndMs = 2_000

interface Member {
  readonly follower: Follower
  readonly result: { trial: Trial; steps: Result['steps']; waitedMs: Result['waitedMs'] }
}

/** One language's clients, that go through the steps together. */
export class Journey {
  readonly #stage: Stage
  readonly #members: readonly Member[]
  /** How long a client may take for a step. */
  readonly #stepMsMax: number

  constructor(stage: Stage, trials: readonly Trial[], stepMsMax: number) {
    this.#stage = stage
    this.#stepMsMax = stepMsMax
    this.#members = trials.map((trial) => ({
      follower: new Follower(trial),
      result: { trial, steps: new Map(), waitedMs: new Map() },
    }))
  }

  async run(): Promise<Result[]> {
    const { desk } = this.#stage
    try {
      const first = await desk.publish('The first post')
      for (const { follower } of this.#members) follower.start(this.#stage.url, channel)
      await this.#step('follow', async () => first)
      await this.#upgrade()
      const post = await this.#step('publish', () => desk.publish('Smoke on the quay'))
      const edited = await this.#step('edit', () =>
        desk.edit(post, 'Fire on the quay', 'An earlier version said smoke.'),
      )
      await this.#step('pin', () => desk.pin(edited))
      await this.#step('retract', () => desk.retract(post))
      await this.#step('burst', () => this.#burst())
      await this.#endNode('drain', 'wirecopy-1', 'wirecopy-2')
      await this.#endNode('kill', 'wirecopy-2', 'wirecopy-1')
      await this.#resume(first)
      await this.#unfollow()
      return this.#members.map(({ follower: { reopened }, result }) => ({ ...result, reopened }))
    } finally {
      await Promise.all(this.#members.map(({ follower }) => follower.end()))
    }
  }

  /** Does the work, then waits until each client holds what was written last, and judges what it was given. */
  async #step(name: StepName, work: () => Promise<Write>, members = this.#members): Promise<Write> {
    const write = await work()
    await Promise.all(members.map((member) => this.#settle(name, member, write.offset)))
    return write
  }

  async #settle(name: StepName, { follower, result }: Member, offset: number): Promise<void> {
    const isThere = await follower.reached(offset, this.#stepMsMax)
    const faults = follower.judge(this.#stage.desk)
    if (!isThere) faults.unshift(`it did not come to offset ${offset} within ${this.#stepMsMax / 1_000} s`)
    if (isThere && faults.length === 0) {
      result.steps.set(name, null)
      return
    }
    result.steps.set(name, [...faults, follower.lastWords].filter(Boolean).join('; '))
    // So that one fault does not fail the steps after it.
    await follower.end()
    follower.start(this.#stage.url, channel)
    await follower.reached(offset, this.#stepMsMax)
    follower.judge(this.#stage.desk)
  }

  /** Waits until those who begin by polling have upgraded. Which of them has not, if one has not, nobody can tell. */
  async #upgrade(): Promise<void> {
    const count = (transport: Transport) =>
      this.#members.filter(({ result }) => result.trial.transport === transport).length
    const wanted = count('websocket') + count('upgrade')
    let open = 0
    const isDone = async () => {
      open = await this.#stage.websockets()
      return open >= wanted
    }
    await until('all have upgraded', isDone, this.#stepMsMax).catch(() => {
      for (const { result } of this.#members.filter((member) => member.result.trial.transport === 'upgrade')) {
        result.steps.set('follow', `of ${wanted} websockets there are ${open}: some clients have not upgraded`)
      }
    })
  }

  async #burst(): Promise<Write> {
    const { desk } = this.#stage
    const posts: Write[] = []
    for (let i = 0; i < burstPosts; i++) posts.push(await desk.publish(`Post ${i} of a burst`))
    const [first, second] = posts
    if (first === undefined || second === undefined) throw new Error('A burst has posts.')
    await desk.edit(first, 'Corrected in the burst', 'It was wrong.')
    return await desk.retract(second)
  }

  /** Ends the node that all clients are on, once the other one takes them, while the newsroom goes on writing. */
  async #endNode(name: 'drain' | 'kill', node: NodeName, other: NodeName): Promise<void> {
    await this.#stage.start(other)
    this.#stage.writeBy(other)
    // The first body starts a thread of the node. Done before, so that the writes below wait for nothing.
    await this.#stage.desk.publish(`The first post before the ${name}`)
    const writes: Write[] = []
    await this.#step(name, async () => {
      let ended = false
      const signal = name === 'drain' ? 'SIGTERM' : 'SIGKILL'
      const end = this.#stage
        .end(node, signal)
        .then(async (code) => {
          if (name === 'drain' && code !== 0) throw new Error(`${node} was drained, and ended with ${code}`)
          await delay(afterEndMs)
        })
        .finally(() => {
          ended = true
        })
      // It is awaited below, once the newsroom has stopped.
      end.catch(() => undefined)
      while (!ended) {
        writes.push(await this.#stage.desk.publish(`Post ${writes.length} during the ${name}`))
        await delay(pauseMs)
      }
      await end
      return await this.#stage.desk.publish(`The last post of the ${name}`)
    })
    for (const { follower, result } of this.#members) {
      const passed = result.steps.get(name) === null
      const waits = writes.map(({ offset, ackedMs }) => (follower.heldMs.get(offset) ?? Infinity) - ackedMs)
      result.waitedMs.set(name, passed ? Math.max(0, ...waits) : null)
    }
  }

  /** The programs end, and are started again with the cursor that they held. What was retracted meanwhile never comes. */
  async #resume(old: Write): Promise<void> {
    const { desk } = this.#stage
    await Promise.all(this.#members.map(({ follower }) => follower.end()))
    const text = 'A text that was taken back while nobody followed'
    await desk.retract(await desk.publish(text))
    desk.gone.add(text)
    await this.#step('resume', async () => {
      await desk.edit(await desk.publish('Written while nobody followed'), 'Edited while nobody followed', 'A typo.')
      const last = await desk.retract(old)
      for (const { follower } of this.#members) follower.start(this.#stage.url, channel)
      return last
    })
  }

  /** What is written after an unfollow comes when the client follows again, by its cursor, and not before. */
  async #unfollow(): Promise<void> {
    const [streams, able] = [true, false].map((isStream) =>
      this.#members.filter(({ result }) => (result.trial.transport === 'event stream') === isStream),
    ) as [Member[], Member[]]
    for (const { follower } of able) follower.say('unfollow')
    await Promise.all(able.map(({ follower }) => follower.happened('unfollowed', this.#stepMsMax)))
    const before = new Map(able.map(({ follower }) => [follower, follower.cursor]))
    const write = await this.#stage.desk.publish('Written after the unfollow')
    // Once those who still follow have the post, so would those whose unfollow did nothing.
    await Promise.all(streams.map(({ follower }) => follower.reached(write.offset, this.#stepMsMax)))
    const early = able.filter(({ follower }) => follower.cursor !== before.get(follower))
    for (const { follower } of able) follower.say('follow')
    await this.#step('unfollow', async () => write, able)
    for (const { result } of early) result.steps.set('unfollow', 'it was given a post after its unfollow')
  }
}
