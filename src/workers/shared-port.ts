import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * How a worker listens where others do, too. On Linux each has a socket of its own on the port, and the kernel deals
 * connections out by their addresses (socket(7), SO_REUSEPORT). node:cluster would do it from the primary, and forgets a
 * connection that it was passing on when the worker was killed: nobody answers it, and nobody ends it. Elsewhere there is
 * only that.
 */
export const sharedPort = process.platform === 'linux' ? { reusePort: true } : {}

/** Throws where somebody listens on the port: the kernel would deal him his share, were he to share it as well. */
export async function requireFree(host: string, port: number): Promise<void> {
  const server = createServer().listen({ host, port, exclusive: true })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
