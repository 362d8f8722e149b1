import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser'
import { Answer } from './answer.ts'

/** Writes an answer by its JSON, which many share, in place of encoding its value for each event that asked for it. */
class AnswerEncoder extends Encoder {
  override encode(packet: Packet): (string | Buffer)[] {
    const answer: unknown = packet.type === PacketType.ACK ? packet.data?.[0] : undefined
    if (!(answer instanceof Answer)) return super.encode(packet)
    const namespace = packet.nsp === '/' ? '' : `${packet.nsp},`
    return [`${PacketType.ACK}${namespace}${packet.id}[${answer.json}]`]
  }
}

/** Socket.IO's parser (socket.io-protocol 5), which takes answers that are encoded already. */
export const stockParser = { Encoder: AnswerEncoder, Decoder }
