import assert from 'node:assert/strict'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { testMsMax as timeout, waitMsMax } from '../../scripts/setup/test-limits.js'
import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import { limits } from '../../src/wire/limits.ts'
import { Newsroom, publishDuring } from '../helpers/newsroom.ts'
import { PlainFold } from '../helpers/plain-fold.ts'
import { startServer } from '../helpers/server.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are probed by assertions, good and bad alike.
type Answer = any

test('over one Socket.IO connection', { timeout }, async (t) => {
  const server = await startServer(t)

  /** A stock client that sends what the test wants, sensible or not, and keeps all that it is told. */
  const connect = (st: { after(end: () => void): void }) => {
    const socket = io(server.url)
    const batches: Batch[] = []
    let asked = () => {}
    socket.on('batch', (batch: Batch) => {
      batches.push(batch)
      asked()
    })
    st.after(() => socket.disconnect())
    return {
      socket,
      batches,
      ask: (event: string, request: unknown): Promise<Answer> => socket.timeout(waitMsMax).emitWithAck(event, request),
      /** Resolves once a batch of the channel has come up to the offset. */
      reached: (channel: string, offset: number) =>
        new Promise<void>((resolve) => {
          asked = () => {
            if (batches.some((batch) => batch.channel === channel && batch.to >= offset)) resolve()
          }
          asked()
        }),
    }
  }
  const fold = (newsroom: Newsroom, snapshot: Snapshot, batches: readonly Batch[]) => {
    const plain = new PlainFold()
    plain.begin(snapshot)
    for (const batch of batches) if (batch.channel === newsroom.channel) plain.apply(batch)
    return plain
  }

  await t.test('two channels are followed, and one is unfollowed', async (st) => {
    const here = await new Newsroom(server).open()
    const there = await new Newsroom(server).open()
    const client = connect(st)
    const [first, second] = [
      await client.ask('follow', { channel: here.channel }),
      await client.ask('follow', { channel: there.channel }),
    ]
    await here.publish({ headline: 'Here' })
    await there.publish({ headline: 'There' })
    await client.reached(here.channel, 1)
    await client.reached(there.channel, 1)
    assert.deepEqual(await client.ask('unfollow', { channel: here.channel }), { ok: true })
    await here.publish({ headline: 'Unheard' })
    await there.publish({ headline: 'There again' })
    await client.reached(there.channel, 2)
    assert.equal(fold(here, first.snapshot, client.batches).offset, 1)
    assert.equal(fold(there, second.snapshot, client.batches).offset, 2)
    const back = await client.ask('follow', {
      channel: here.channel,
      after: `${first.snapshot.cursor.split(':')[0]}:1`,
    })
    assert.equal(back.batch.from, 1)
    assert.equal(back.batch.to, 2)
    assert.deepEqual(await client.ask('unfollow', { channel: 'never-followed' }), { ok: true })
  })

  await t.test('a channel that is followed again starts again, and nothing comes twice', async (st) => {
    const newsroom = await new Newsroom(server).open()
    await newsroom.publish({ headline: 'First' })
    const client = connect(st)
    await publishDuring([newsroom], async () => {
      let { snapshot } = await client.ask('follow', { channel: newsroom.channel })
      for (let turn = 0; turn < 20; turn++) {
        const { offset } = fold(newsroom, snapshot, client.batches)
        await client.reached(newsroom.channel, offset + 1)
        snapshot = await followAgain()
      }

      async function followAgain(): Promise<Snapshot> {
        const answer = await new Promise<Answer>((resolve) => {
          client.socket.emit('follow', { channel: newsroom.channel }, (given: Answer) => {
            // What came until now is of the old following; from now on, all follows on the new snapshot.
            client.batches.length = 0
            resolve(given)
          })
        })
        assert.equal(answer.ok, true)
        return answer.snapshot
      }
    })
  })

  await t.test('a cursor that is null is none', async (st) => {
    const newsroom = await new Newsroom(server).open()
    await newsroom.publish({ headline: 'First' })
    const answer = await connect(st).ask('follow', { channel: newsroom.channel, after: null })
    assert.deepEqual([answer.ok, answer.snapshot?.posts.length], [true, 1], JSON.stringify(answer))
  })

  await t.test('a channel that is not there is refused, and the connection stays', async (st) => {
    const client = connect(st)
    const answer = await client.ask('follow', { channel: 'not-there' })
    assert.equal(answer.ok, false)
    assert.equal(answer.error.code, 'unknown-channel')
    assert.equal(answer.error.status, 404)
    const newsroom = await new Newsroom(server).open()
    assert.equal((await client.ask('follow', { channel: newsroom.channel })).ok, true)
  })

  await t.test('what is no follow request is refused, and says which field is wrong', async (st) => {
    const newsroom = await new Newsroom(server).open()
    const { channel } = newsroom
    const client = connect(st)
    const { epoch } = await newsroom.changes((await newsroom.snapshot()).cursor)
    const bad: [unknown, string][] = [
      [null, ''],
      ['harbour', ''],
      [42, ''],
      [[channel], ''],
      [{}, 'channel'],
      [{ channel: 'Not A Slug' }, 'channel'],
      [{ channel: { $ne: 1 } }, 'channel'],
      [{ channel: '__proto__' }, 'channel'],
      [{ channel, after: 'no cursor' }, 'after'],
      [{ channel, after: 7 }, 'after'],
      [{ channel, after: `${epoch}:-1` }, 'after'],
      [{ channel, after: `${epoch}:1e3` }, 'after'],
      [{ channel, more: true }, 'more'],
    ]
    for (const [request, path] of bad) {
      const { ok, error } = await client.ask('follow', request)
      assert.equal(ok, false, JSON.stringify(request))
      assert.equal(error.code, 'invalid')
      assert.equal(error.errors[0].path, path, JSON.stringify(error))
    }
    assert.equal((await client.ask('unfollow', { channel: 1 })).error.code, 'invalid')
    // No answer is wanted, or none can be given: nothing happens, and nothing breaks.
    client.socket.emit('follow')
    client.socket.emit('follow', { channel })
    client.socket.emit('follow', () => {})
    assert.equal((await client.ask('follow', { channel })).ok, true)
  })

  await t.test('as many channels are followed as the limit says, and no more', async (st) => {
    const client = connect(st)
    const most = limits.followedPerConnectionMax
    const newsrooms = await Promise.all(Array.from({ length: most + 1 }, () => new Newsroom(server).open()))
    const answers = await Promise.all(newsrooms.map(({ channel }) => client.ask('follow', { channel })))
    assert.deepEqual(
      answers.filter(({ ok }) => !ok).map(({ error }) => error.code),
      ['too-many-followed'],
    )
    assert.deepEqual(await client.ask('unfollow', { channel: newsrooms[0]?.channel }), { ok: true })
    assert.equal((await client.ask('follow', { channel: newsrooms[most]?.channel })).ok, true)
  })
})
