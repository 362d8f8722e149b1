import type { Socket } from 'node:net'

/** Whoever a socket belongs to. */
export interface Owner {
  read(chunk: Buffer): void
  /** The socket has closed. */
  ended(): void
}

/** Kept with the socket, so that all sockets can share their listeners. */
const owner = Symbol('owner')
interface Owned {
  [owner]: Owner | null
}

/** Gives a socket to its first or its next owner. */
export function own(socket: Socket, next: Owner): void {
  const owned = socket as unknown as Partial<Owned>
  const isOwned = owned[owner] !== undefined && owned[owner] !== null
  owned[owner] = next
  if (isOwned) return
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
}

/** Leaves a socket to others, as it was before. */
export function disown(socket: Socket): void {
  ;(socket as unknown as Owned)[owner] = null
  socket.removeListener('data', onData)
  socket.removeListener('end', onEnd)
  socket.removeListener('error', onError)
  socket.removeListener('close', onClose)
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as unknown as Owned)[owner]?.read(chunk)
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
  ;(this as unknown as Owned)[owner]?.ended()
}
