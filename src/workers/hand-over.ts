import type { Socket } from 'node:net'

/** Sockets that are under way to one process; more are closed, and their clients go on with long polling. */
const underWayMax = 1_000
/** A process that does not take a socket, or does not say what came on it, within this time hangs. */
export const takenMsMax = 10_000

/** Gives connections to another process. None stays open here, whatever becomes of that process. */
export class HandOver {
  readonly #underWay = new Set<Socket>()

  /** `send` sends the socket, and calls `sent` when that is done or can't be. */
  give(socket: Socket, send: (sent: () => void) => void): void {
    // Its client may close it on the way, and need not be told.
    socket.on('error', () => undefined)
    if (this.#underWay.size >= underWayMax) {
      socket.destroy()
      return
    }
    this.#underWay.add(socket)
    socket.setTimeout(takenMsMax, () => socket.destroy())
    send(() => {
      this.#underWay.delete(socket)
      // The connection has left it; what is left is still counted as one.
      socket.destroy()
    })
  }

  close(): void {
    for (const socket of this.#underWay) socket.destroy()
    this.#underWay.clear()
  }
}
