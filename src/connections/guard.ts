import type { Server, ServerResponse } from 'node:http'
import { limitConnections, type RefusalReason } from './open-connections.ts'
import { RequestGate } from './request-gate.ts'
import type { TrustProxy } from './trust-proxy.ts'
import { type EndReason, UnreadAnswers } from './unread-answers.ts'

/** Why a connection was ended or not taken; the metric's labels. */
const reasons = ['requests', 'unread', 'answer-bytes', 'connections', 'address'] as const
type Reason = (typeof reasons)[number] & (RefusalReason | EndReason | 'requests')

export interface GuardOptions {
  readonly trustProxy: TrustProxy
  /** Connections that are open at a time; Infinity if files have no limit. */
  readonly connectionsMax: number
  /** Followers that one address may have; Infinity if addresses do not count. */
  readonly followersPerAddressMax: number
  /** Whether another part of the server sees to it that this answer is read. */
  readonly isSeenTo: (response: ServerResponse) => boolean
}

export interface Guard {
  /** Connections that were ended or not taken since the start, by reason. */
  readonly ended: ReadonlyMap<Reason, number>
  /** Requests that are being answered. */
  readonly underWay: number
  /** Memory that answers hold which wait for clients to take them. */
  readonly waitingBytes: number
  close(): void
}

/** Bounds what the connections of a server can take of the process. Comes after all who listen for requests. */
export function guardServer(server: Server, options: GuardOptions): Guard {
  const { trustProxy, connectionsMax, followersPerAddressMax, isSeenTo } = options
  const ended = new Map<Reason, number>(reasons.map((reason) => [reason, 0]))
  const note = (reason: Reason) => void ended.set(reason, (ended.get(reason) ?? 0) + 1)
  limitConnections(server, { inAllMax: connectionsMax, followersPerAddressMax, trustProxy, refused: note })
  server.prependListener('request', (_request, response) => answers.watch(response))
  const gate = new RequestGate(server, () => note('requests'))
  const answers = new UnreadAnswers({ underWay: gate.underWay, isSeenTo, ended: note })
  return {
    ended,
    get underWay() {
      return gate.underWay.size
    },
    get waitingBytes() {
      return answers.waitingBytes
    },
    close: () => answers.close(),
  }
}
