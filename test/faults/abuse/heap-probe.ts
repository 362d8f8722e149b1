// Preloaded into the node under test: tells what its heap holds after a full collection, over a unix socket.
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const path = process.env['HEAP_PROBE']
if (path !== undefined) {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    collect()
    const { heapUsed, external } = process.memoryUsage()
    socket.end(String(heapUsed + external))
  })
  server.listen(path).unref()
}
