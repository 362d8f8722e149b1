import type { Socket } from 'node:net'

/** What a socket of an upgraded connection belongs to. */
export interface Owner {
  read(chunk: Buffer): void
  /** The socket has closed. */
  ended(): void
}

/** Kept with the socket, so that all sockets can share their listeners. */
const owner = Symbol('owner')
interface Owned {
  [owner]: Owner
}

/** Gives a socket, which has no listeners of its own yet, to its owner. */
export function own(socket: Socket, by: Owner): void {
  ;(socket as unknown as Owned)[owner] = by
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as unknown as Owned)[owner].read(chunk)
}

/** The other side says no more; nor does this one. */
function onEnd(this: Socket): void {
  this.end()
}

/** Told by `close`, which follows. */
function onError(this: Socket): void {
  this.destroy()
}

function onClose(this: Socket): void {
  ;(this as unknown as Owned)[owner].ended()
}
