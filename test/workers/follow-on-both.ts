import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Socket } from 'socket.io-client'
import { type Follower, followFresh } from '../helpers/followers.ts'
import type { TransportName } from '../helpers/transports.ts'
import { workerOf } from './node.ts'

type Engine = Socket['io']['engine']

/** Which worker or connection is given what, is left to chance. After so many rounds, each has been given some. */
export const roundsMax = 20

/** Resolves once the client, which begins by long polling, has its websocket. */
export function upgrade(engine: Engine): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.once('upgrade', () => resolve())
    engine.once('upgradeError', reject)
  })
}

async function upgraded({ socket }: Follower): Promise<void> {
  const { engine } = socket.io
  if (engine.transport.name !== 'websocket') await upgrade(engine)
  assert.equal(engine.transport.name, 'websocket')
}

/** Resolves once all follow, those of stock clients by websocket. */
export async function followAll(t: TestContext, url: string, channel: string, names: readonly TransportName[]) {
  const followers = await Promise.all(names.map((name) => followFresh(t, { url }, channel, name)))
  const stock = followers.filter((_, i) => names[i] === 'stock socket')
  await Promise.all(stock.map(upgraded))
  return followers
}

/**
 * As `followAll`, by sockets, with more of the same until both workers have some: a worker that is slow to take
 * connections at first may be given none.
 */
export async function followOnBoth(t: TestContext, url: string, channel: string, names: readonly TransportName[]) {
  const followers: Follower[] = []
  for (let round = 0; round < roundsMax && workersOf(followers).size < 2; round++) {
    followers.push(...(await followAll(t, url, channel, names)))
  }
  assert.deepEqual(workersOf(followers), new Set(['0', '1']))
  return followers
}

function workersOf(followers: readonly Follower[]): Set<string> {
  return new Set(followers.map(({ socket }) => workerOf(socket.io.engine.id)))
}
