import type { Socket } from 'node:net'
import fc from 'fast-check'
import { inputs, packets, piecesOf } from '../../../feed/websocket/fuzz-inputs.ts'
import { clientFrame, closes, open, openWebsocket, socketPath, upgradeHead, whole } from '../wire.ts'
import type { Attack } from './attack.ts'

const connectionsAtOnce = 16
/** A node that has been told all, and that the client says no more, ends the connection within this time. */
const closeMsMax = 20_000
const packetsPerConnection = 20

/** What a connection says, in pieces, and how it begins. */
interface Said {
  readonly begins: 'websocket' | 'upgraded' | 'bare'
  readonly pieces: readonly Buffer[]
}

const frames = inputs.map(piecesOf)
const packetFrames = fc
  .array(packets, { minLength: 1, maxLength: packetsPerConnection })
  .map((all) => all.map((packet) => clientFrame(whole.text, packet)))
/** A request for a websocket in which some bytes are others, or in part. */
const heads = fc
  .tuple(fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }), fc.nat(300), frames)
  .map(([changes, end, after]) => {
    const head = Buffer.from(upgradeHead(`${socketPath}websocket`))
    for (const [at, byte] of changes) if (at < head.length) head[at] = byte
    return [end % 3 === 0 ? head.subarray(0, end) : head, ...after]
  })

const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 5, arbitrary: frames.map((pieces) => ({ begins: 'websocket', pieces }) as const) },
  { weight: 3, arbitrary: packetFrames.map((pieces) => ({ begins: 'websocket', pieces }) as const) },
  { weight: 1, arbitrary: frames.map((pieces) => ({ begins: 'upgraded', pieces }) as const) },
  { weight: 1, arbitrary: packetFrames.map((pieces) => ({ begins: 'upgraded', pieces }) as const) },
  { weight: 3, arbitrary: heads.map((pieces) => ({ begins: 'bare', pieces }) as const) },
)

export interface FuzzOptions {
  readonly seed: number
  readonly count: number
}

/** Connections of which each says something else, most of it wrong. An input is told by its seed and index. */
export const fuzz: Attack<FuzzOptions> = async (port, { seed, count }) => {
  const all = fc.sample(said, { seed, numRuns: count })
  const counts: Record<string, number> = {}
  const note = (what: string, index: number) => {
    counts[what] = 1 + (counts[what] ?? 0)
    counts[`first ${what}, by its index`] ??= index
  }
  let next = 0
  const work = async () => {
    for (let index = next++; index < count; index = next++) {
      const one = all[index]
      if (one === undefined) return
      const socket = await begin(port, one).catch(() => null)
      if (socket === null) {
        note('not taken', index)
        continue
      }
      for (const piece of one.pieces) socket.write(piece)
      socket.end()
      if (!(await closes(socket, closeMsMax))) note('left open', index)
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: connectionsAtOnce }, work))
  return { inputs: count, counts }
}

function begin(port: number, { begins }: Said): Promise<Socket> {
  return begins === 'bare' ? open(port) : openWebsocket(port, begins)
}
