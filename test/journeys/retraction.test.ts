import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Follower, followFresh } from '../helpers/followers.ts'
import { LongPollClient } from '../helpers/long-poll.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { startNodes } from '../helpers/nodes.ts'
import { transportNames } from '../helpers/transports.ts'

const secret = 'Quenzaltine'

test('a retracted text is in no public answer', { timeout }, async (t) => {
  const { a, b } = await startNodes(t)
  const nodes = [a, b]
  const said = {
    headline: `${secret} headline`,
    body: { markdown: `About **${secret}**.` },
    tags: [secret],
    keyEvent: true,
    media: [{ type: 'image', url: `http://img.example/${secret}.jpg`, alt: secret }],
    sources: [{ name: secret }],
    authors: [{ name: secret }],
    sensitivity: secret,
  }

  /** Every public address that tells of the post. */
  const addresses = (channel: string, id: string, start: string) => [
    `/v1/channels/${channel}`,
    `/v1/channels/${channel}/posts`,
    `/v1/channels/${channel}/posts?keyEvents=true`,
    `/v1/channels/${channel}/posts?limit=1`,
    `/v1/channels/${channel}/posts/${id}`,
    `/v1/channels/${channel}/changes?after=${start}`,
    `/v1/channels/${channel}/changes?after=${start}&limit=1`,
    `/c/${channel}`,
    `/c/${channel}/p/${id}`,
  ]

  await t.test('on either node, from the moment the retraction is acknowledged, however many read', async () => {
    for (let round = 0; round < 3; round++) {
      const newsroom = await new Newsroom(a).open()
      const start = (await newsroom.snapshot()).cursor
      const { post } = await newsroom.publish(said)
      await newsroom.pin(post.id)
      await newsroom.edit(post.id, { correction: { text: `${secret} corrected` } })
      let retracted = false
      let reading = true
      let before = 0
      let after = 0
      const counted = new EventEmitter()
      const readers = nodes.flatMap(({ url }) =>
        addresses(newsroom.channel, post.id, start).map(async (path) => {
          while (reading) {
            const asked = retracted
            const response = await fetch(url + path)
            const text = await response.text()
            if (!asked) before += text.includes(secret) ? 1 : 0
            else {
              after++
              assert.ok(!text.includes(secret), `${path} still says it`)
            }
            counted.emit('answer')
          }
        }),
      )
      const retract = async () => {
        while (before < 40) await once(counted, 'answer')
        await newsroom.on(round % 2 === 0 ? a : b).retract(post.id)
        retracted = true
        while (after < 60) await once(counted, 'answer')
        reading = false
      }
      await Promise.all([retract(), ...readers])
    }
  })

  await t.test('not to one who asks whether what is held is still so', async () => {
    const newsroom = await new Newsroom(a).open()
    const start = (await newsroom.snapshot()).cursor
    const { post } = await newsroom.publish(said)
    const paths = addresses(newsroom.channel, post.id, start)
    const tags = await Promise.all(
      paths.map(async (path) => {
        const response = await fetch(a.url + path)
        assert.ok((await response.text()).includes(secret), `${path} does not say it yet`)
        return response.headers.get('etag') ?? ''
      }),
    )
    await newsroom.retract(post.id)
    for (const { url } of nodes) {
      for (const [i, path] of paths.entries()) {
        const response = await fetch(url + path, { headers: { 'if-none-match': tags[i] ?? '' } })
        assert.notEqual(response.status, 304, path)
        assert.ok(!(await response.text()).includes(secret), `${path} still says it`)
      }
      const permalink = await newsroom.on({ url }).read(`/posts/${post.id}`)
      assert.equal(permalink.status, 410)
      assert.equal(permalink.json.retraction.reason, 'Not confirmed.')
      assert.equal((await fetch(`${url}/c/${newsroom.channel}/p/${post.id}`)).status, 410)
    }
  })

  await t.test('not to a follower who comes new, comes back, or was there', async (st) => {
    const newsroom = await new Newsroom(a).open()
    const there = await Promise.all(transportNames.map((name) => followFresh(st, b, newsroom.channel, name)))
    const back = await Promise.all(transportNames.map((name) => followFresh(st, b, newsroom.channel, name)))
    for (const follower of back) follower.leave()
    const { post, cursor } = await newsroom.publish(said)
    await Promise.all(there.map((follower) => follower.reach(cursor)))
    for (const { fold } of there) assert.ok(JSON.stringify(fold.held()).includes(secret))
    const done = await newsroom.retract(post.id)
    const fresh = transportNames.map(() => new Follower(st, newsroom.channel))
    await Promise.all(back.map((follower, i) => follower.follow(a, transportNames[i] ?? 'poller')))
    await Promise.all(fresh.map((follower, i) => follower.follow(b, transportNames[i] ?? 'poller')))
    for (const follower of [...there, ...back, ...fresh]) {
      await follower.reach(done.cursor)
      assert.deepEqual(follower.fold.posts.get(post.id), done.post)
      assert.ok(!JSON.stringify(follower.fold.held()).includes(secret))
    }
    for (const { batches } of [...back, ...fresh]) assert.ok(!JSON.stringify(batches).includes(secret))
  })

  await t.test('nor in the answer to the publishing, asked for again', async () => {
    const newsroom = await new Newsroom(a).open()
    const headers = { 'idempotency-key': 'publishing' }
    const { post } = await newsroom.publish(said, headers)
    await newsroom.retract(post.id)
    const again = await newsroom.on(b).publish(said, headers)
    assert.equal(again.post.status, 'retracted')
    assert.ok(!JSON.stringify(again).includes(secret))
  })
})

test('a client that polls after a retraction is not given the text that was published before it', {
  timeout,
}, async (t) => {
  const { a, b } = await startNodes(t)
  const newsroom = await new Newsroom(a).open()
  const there = await followFresh(t, b, newsroom.channel, 'websocket only')

  await t.test('as a follower that had not polled meanwhile', async () => {
    const client = await LongPollClient.connected(b.url)
    await client.say(`420["follow",{"channel":"${newsroom.channel}"}]`)
    assert.match((await client.poll()).join(), /^430/)
    const { post, cursor } = await newsroom.publish({ headline: secret })
    // The node has sent the post to whoever takes it.
    await there.reach(cursor)
    const done = await newsroom.retract(post.id)
    await there.reach(done.cursor)
    const heard = (await client.poll()).join()
    assert.ok(!heard.includes(secret), heard)
    assert.match(heard, /post\.retracted/)
  })

  await t.test('nor as a follower of several channels, for whom one poll takes the posts of one', async (st) => {
    const others = await Promise.all(Array.from({ length: 3 }, () => new Newsroom(a).open()))
    const all = [newsroom, ...others]
    const watching = await Promise.all(others.map(({ channel }) => followFresh(st, b, channel, 'websocket only')))
    const followers = [there, ...watching]
    const client = await LongPollClient.connected(b.url)
    for (const [i, { channel }] of all.entries()) {
      await client.say(`42${i}["follow",{"channel":"${channel}"}]`)
      assert.match((await client.poll()).join(), new RegExp(`43${i}`))
    }
    for (let round = 0; round < 20; round++) {
      const published = await Promise.all(all.map((one) => one.publish({ headline: secret })))
      await Promise.all(followers.map((follower, i) => follower.reach(published[i]?.cursor ?? '')))
      let heard = ''
      while (!heard.includes(secret)) heard = (await client.poll()).join()
      const channelsTold = () => all.filter(({ channel }) => heard.includes(`"channel":"${channel}"`)).length
      const told = channelsTold()
      const done = await Promise.all(all.map((one, i) => one.retract(published[i]?.post.id ?? '')))
      await Promise.all(followers.map((follower, i) => follower.reach(done[i]?.cursor ?? '')))
      const later: string[] = []
      const isGone = (channel: string) =>
        later.some((packet) => packet.includes(channel) && packet.includes('post.retracted'))
      while (!all.every(({ channel }) => isGone(channel))) later.push(...(await client.poll()))
      assert.ok(!later.join().includes(secret), `${told} told, then: ${later.join()}`)
    }
  })

  await t.test('nor as one that asked to follow, and fetches the answer later', async () => {
    const { post, cursor } = await newsroom.publish({ headline: secret })
    await there.reach(cursor)
    const client = await LongPollClient.connected(b.url)
    await client.say(`420["follow",{"channel":"${newsroom.channel}"}]`)
    // Whatever this one is answered, the one before has been seen.
    await client.say('421["unfollow",{"channel":"none"}]')
    await newsroom.retract(post.id)
    let heard = ''
    while (!heard.includes('430')) heard += (await client.poll()).join()
    assert.ok(!heard.includes(secret), heard)
  })
})
