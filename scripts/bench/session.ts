import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { setClock } from './clock.ts'
import { compile, swarmSource } from './compile.ts'
import { draft } from './posts.ts'
import { cpuMsOf, type Memory, memoryOf } from './processes.ts'
import type { Channel, Published, RunningServer, ServerKind } from './servers/server.ts'
import { type Report, type Standing, Swarm } from './swarm.ts'

/** Opened a second: what every server here keeps up with, on a machine that it shares with the swarm. */
const connectsPerSecond = 1_000
const connectMsMax = 180_000
const deliverMsMax = 60_000
/** What a server still does after its last delivery: to be counted too, since it is for the same post. */
const settleMs = 200

export interface SessionOptions {
  readonly workers?: number
  readonly deflate?: boolean
  /** Processes of the swarm. */
  readonly swarms?: number
}

/** Processor time of a piece of work, in milliseconds: the server's, its store's and the swarm's. */
export interface Cost {
  readonly serverMs: number
  readonly storeMs: number
  readonly swarmMs: number
  readonly wallMs: number
  readonly report: Report
}

/** A server that runs, and a swarm that can follow it. */
export class Session {
  readonly server: RunningServer
  readonly swarm: Swarm
  #posts = 0

  private constructor(server: RunningServer, swarm: Swarm) {
    this.server = server
    this.swarm = swarm
  }

  /** Starts the server anew, and stops it after the work, whatever comes of that. */
  static async with<T>(kind: ServerKind, options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
    const { workers = 1, deflate = false, swarms = 1 } = options
    const folder = await mkdtemp(join(tmpdir(), 'wirecopy-bench-'))
    const remove = () => rmSync(folder, { recursive: true, force: true })
    // A signal ends this process without the way back through here.
    process.once('exit', remove)
    try {
      const program = await compile(swarmSource)
      const server = await kind.start({ folder, workers })
      try {
        const { port, speech } = server
        const swarm = new Swarm({ program, port, speech, channel: 'bench', deflate, processes: swarms })
        try {
          setClock()
          return await work(new Session(server, swarm))
        } finally {
          await swarm.close()
        }
      } finally {
        await server.stop()
      }
    } finally {
      process.removeListener('exit', remove)
      remove()
    }
  }

  /** Adds followers. Throws unless all of them follow. */
  async connect(followers: number): Promise<Standing> {
    const standing = await this.swarm.connect(followers, connectsPerSecond, connectMsMax)
    if (standing.ready === standing.followers) return standing
    const { ready, refused, failed } = standing
    throw new Error(`Of ${standing.followers} followers ${ready} follow; ${refused} were refused, ${failed} failed.`)
  }

  /** A post of so many bytes, another one each time. */
  publish(bytes: number, channel?: Channel): Promise<Published> {
    return this.server.publish(draft(this.#posts++, bytes), channel)
  }

  /** Publishes one post after the other, each once all have the one before it. */
  async publishEach(posts: number, bytes: number): Promise<void> {
    for (let post = 0; post < posts; post++) {
      const { offset } = await this.publish(bytes)
      await this.delivered(offset)
    }
  }

  /** Throws where not everyone gets that far. */
  async delivered(offset: number): Promise<Standing> {
    const standing = await this.swarm.until(offset, deliverMsMax)
    if (standing.atGoal === standing.followers) return standing
    throw new Error(`Of ${standing.followers} followers ${standing.atGoal} got as far as offset ${offset}.`)
  }

  async costOf(work: () => Promise<unknown>): Promise<Cost> {
    const { server, swarm } = this
    await swarm.reset()
    const before = { server: cpuMsOf(server.pids()), store: cpuMsOf(server.storePids()), wall: performance.now() }
    await work()
    await delay(settleMs)
    const serverMs = cpuMsOf(server.pids()) - before.server
    const storeMs = cpuMsOf(server.storePids()) - before.store
    const wallMs = performance.now() - before.wall
    const report = await swarm.report()
    return { serverMs, storeMs, wallMs, swarmMs: report.cpuUs / 1_000, report }
  }

  memory(): Memory {
    return memoryOf(this.server.pids())
  }
}
