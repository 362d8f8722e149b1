import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those from which systems draw the ports of outgoing connections. */
const portMin = 12_000
const portMax = 32_000
const triesMax = 100
/** Given already, and perhaps not in use yet. */
const given = new Set<number>()

/**
 * A port on loopback that is free now, and will be while a program that had it is down. The system's own choice (port 0)
 * would be one that any of a thousand connections going out could take meanwhile.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`No free port was found in ${triesMax} tries.`)
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
