/** Follows a channel by a Socket.IO client with its default options: socket-io.js LIBRARY TRANSPORT URL CHANNEL [CURSOR]. */
import { Fold, obey, say } from './fold.js'

const [library = '', transport, url, channel, after] = process.argv.slice(2)
const { io, default: preset } = await import(library)
const fold = new Fold(after)

// An upgrade is what a stock client does by default: it begins by polling.
const socket = (io ?? preset)(url, transport === 'upgrade' ? {} : { transports: [transport] })

function follow() {
  const request = fold.cursor === undefined ? { channel } : { channel, after: fold.cursor }
  socket.emit('follow', request, (/** @type {any} */ answer) => {
    if (!answer.ok) say({ event: 'refused', why: answer.error.code })
    else if (answer.snapshot) fold.startOver(answer.snapshot)
    else if (!fold.apply(answer.batch)) follow()
  })
}

socket.on('connect', follow)
socket.on('batch', (/** @type {any} */ batch) => {
  if (!fold.apply(batch)) follow()
})
socket.on('disconnect', (/** @type {string} */ why) => say({ event: 'disconnected', why }))
socket.on('connect_error', (/** @type {Error} */ error) => say({ event: 'error', why: String(error) }))

obey({
  follow,
  unfollow: () => socket.emit('unfollow', { channel }, () => say({ event: 'unfollowed' })),
})
