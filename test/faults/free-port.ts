import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those from which systems draw the ports of outgoing connections. */
const portMin = 12_000
const portMax = 32_000
const triesMax = 100

/**
 * A port on loopback that is free now, and will be while a program that had it is down: neither a connection going out
 * nor another process that asks here takes it meanwhile. The system's own choice (port 0) would be one that any of a
 * thousand connections could take.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin))
    if ((await claim(port)) && (await isFree(port))) return port
  }
  throw new Error(`No free port was found in ${triesMax} tries.`)
}

/** Keeps the port for this process, until it ends, by the UDP port of the same number, which nothing else here uses. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(socket, 'listening')
  } catch {
    socket.close()
    return false
  }
  socket.unref()
  return true
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
