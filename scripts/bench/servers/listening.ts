import { once } from 'node:events'
import { createConnection } from 'node:net'
import type { Program } from '../../../test/faults/program.ts'
import { until } from '../../../test/faults/until.ts'

/** Waits until the program takes connections; stops it where it does not. */
export async function listening(program: Program, port: number, stop: () => Promise<void>): Promise<void> {
  try {
    await until(`${program.name} listens`, async () => {
      const socket = createConnection({ host: '127.0.0.1', port })
      await once(socket, 'connect')
      socket.destroy()
      return true
    })
  } catch (error) {
    await stop()
    throw error
  }
}
