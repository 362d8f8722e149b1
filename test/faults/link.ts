import { once } from 'node:events'
import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { type Delay, Flow, resetOf } from './flow.ts'
import { freePort } from './free-port.ts'

/** What is wrong with a link. `there` is the way from who connected to where it connected to, `back` the other way. */
export type Trouble =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'delay' } & Delay)
  | { readonly kind: 'cut'; readonly there: boolean; readonly back: boolean }
  /** Each connection breaks after so many bytes at most, each anew. */
  | { readonly kind: 'truncate'; readonly bytesMax: number }

/**
 * What becomes of connections that lived through a cut. `resume`: each side sends again what was not acknowledged, so all
 * of it comes late and none is lost; TCP does this for a quarter of an hour. `reset`: a middlebox has forgotten them,
 * and says so. `forget`: it does not say so; they stay open and dead, and only new ones pass.
 */
export type Healing = 'resume' | 'reset' | 'forget'

/** A way through which connections pass, and which can be troubled: a TCP proxy on loopback. */
export class Link {
  readonly port: number
  readonly #server: Server
  readonly #to: NetConnectOpts
  readonly #passages = new Set<Passage>()
  #trouble: Trouble = { kind: 'none' }

  private constructor(port: number, to: NetConnectOpts) {
    this.port = port
    this.#to = to
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
      const passage = new Passage(near, this.#to, () => this.#passages.delete(passage))
      this.#passages.add(passage)
      passage.suffer(this.#trouble)
    })
  }

  static async open(to: NetConnectOpts): Promise<Link> {
    const link = new Link(await freePort(), to)
    link.#server.listen(link.port, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  trouble(trouble: Trouble): void {
    this.#trouble = trouble
    for (const passage of this.#passages) passage.suffer(trouble)
  }

  heal(healing: Healing = 'resume'): void {
    this.#trouble = { kind: 'none' }
    for (const passage of this.#passages) {
      if (healing === 'resume') passage.suffer(this.#trouble)
      else if (healing === 'reset') passage.reset()
    }
  }

  async close(): Promise<void> {
    for (const passage of this.#passages) passage.reset()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}

/** A connection through the link: its near end is who connected. */
class Passage {
  readonly #near: Socket
  readonly #to: NetConnectOpts
  readonly #gone: () => void
  #far: Socket | null = null
  #flows: readonly [there: Flow, back: Flow] | null = null
  #bytesLeft = Number.POSITIVE_INFINITY

  constructor(near: Socket, to: NetConnectOpts, gone: () => void) {
    this.#near = near
    this.#to = to
    this.#gone = gone
    near.on('error', () => undefined)
    near.on('close', () => this.#closed())
  }

  suffer(trouble: Trouble): void {
    this.#bytesLeft =
      trouble.kind === 'truncate' ? Math.ceil(Math.random() * trouble.bytesMax) : Number.POSITIVE_INFINITY
    // Neither half of a handshake's packets can be missing: who connects during a cut is connected after it.
    if (this.#flows === null && trouble.kind !== 'cut') this.#flows = this.#connect()
    const [there, back] = this.#flows ?? []
    const delay = trouble.kind === 'delay' ? trouble : null
    for (const [flow, held] of [
      [there, trouble.kind === 'cut' && trouble.there],
      [back, trouble.kind === 'cut' && trouble.back],
    ] as const) {
      if (flow === undefined) continue
      flow.held = held
      flow.delay = delay
    }
  }

  reset(): void {
    for (const flow of this.#flows ?? []) flow.stop()
    resetOf(this.#near)
    if (this.#far !== null) resetOf(this.#far)
  }

  #connect(): [Flow, Flow] {
    const far = createConnection({ ...this.#to, allowHalfOpen: true, noDelay: true })
    this.#far = far
    far.on('error', () => undefined)
    far.on('close', () => this.#closed())
    const near = this.#near
    return [
      new Flow(near, far, (chunk) => this.#write(far, chunk)),
      new Flow(far, near, (chunk) => this.#write(near, chunk)),
    ]
  }

  #write(target: Socket, chunk: Buffer): void {
    if (target.destroyed || target.writableEnded) return
    this.#bytesLeft -= chunk.length
    if (this.#bytesLeft > 0) {
      target.write(chunk)
      return
    }
    target.write(chunk.subarray(0, chunk.length + this.#bytesLeft))
    this.#break()
  }

  /** In the middle of whatever was being said: one half of them with an end in good order, the others without. */
  #break(): void {
    if (Math.random() < 0.5) {
      this.reset()
      return
    }
    for (const flow of this.#flows ?? []) flow.stop()
    this.#near.destroySoon()
    this.#far?.destroySoon()
  }

  #closed(): void {
    if (this.#near.destroyed && (this.#far === null || this.#far.destroyed)) this.#gone()
  }
}
