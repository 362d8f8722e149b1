import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { testMsMax } from '../../scripts/setup/test-limits.js'
import type { Post } from '../../src/wire/post.ts'
import { launchChromium } from '../browser/chromium.ts'
import { untilLive } from '../browser/site.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { newestFirst } from '../helpers/plain-fold.ts'
import { adminKey, tempFolder } from '../helpers/server.ts'

const run = promisify(execFile)

/** What a page shows of its posts, in order, pinned ones first. */
function shownBy(page: Page): Promise<string[]> {
  return page.locator('[data-post]').evaluateAll((articles) =>
    articles.map((article) => {
      const { post, version } = (article as HTMLElement).dataset
      return `${post} ${version} ${article.querySelector('h2, h3')?.textContent?.trim() ?? ''}`
    }),
  )
}

test('what npm start serves: curl publishes, and five ways to follow end with the same fold', {
  timeout: testMsMax,
}, async (t) => {
  const child = spawn('node', ['scripts/start.js'], {
    cwd: new URL('../..', import.meta.url),
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DATA_DIR: await tempFolder(), ADMIN_KEY: adminKey },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })
  const url = await listening(child.stdout)

  const curl = async (method: string, path: string, body?: unknown) => {
    const headers = [`authorization: Bearer ${adminKey}`, 'content-type: application/json', 'if-match: *']
    const { stdout } = await run('curl', [
      '-sS',
      '--fail-with-body',
      '-X',
      method,
      `${url}/v1/channels${path}`,
      ...headers.flatMap((header) => ['-H', header]),
      ...(body === undefined ? [] : ['-d', JSON.stringify(body)]),
    ])
    return JSON.parse(stdout) as { post: Post; cursor: string }
  }
  await curl('POST', '', { id: 'quay', title: 'The quay' })
  const first = await curl('POST', '/quay/posts', { headline: 'There before anyone came' })

  const newsroom = new Newsroom({ url }, 'quay')
  const followers = await Promise.all(
    (['stock socket', 'curl', 'event stream', 'poller'] as const).map((name) => followFresh(t, { url }, 'quay', name)),
  )
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`${url}/c/quay`)
  await untilLive(page)

  const second = await curl('POST', '/quay/posts', { headline: 'Published', body: { markdown: 'A *secret*.' } })
  const third = await curl('POST', '/quay/posts', { headline: 'Published too' })
  const edited = await curl('PATCH', `/quay/posts/${third.post.id}`, {
    headline: 'Edited',
    correction: { text: 'So.' },
  })
  const pinned = await curl('PUT', `/quay/posts/${first.post.id}/pin`)
  await page.getByText('A secret.').waitFor()
  const retracted = await curl('POST', `/quay/posts/${second.post.id}/retract`, { reason: 'It was not so.' })

  await Promise.all(followers.map((follower) => follower.reach(retracted.cursor)))
  for (const follower of followers) {
    await follower.assertWhole(newsroom)
    assert.deepEqual([...follower.fold.posts.values()].sort(newestFirst), [edited.post, retracted.post, pinned.post])
    follower.leave()
  }
  await page.getByText('It was not so.').waitFor()
  assert.deepEqual(await shownBy(page), [
    `${first.post.id} 2 There before anyone came`,
    `${third.post.id} 2 Edited`,
    `${second.post.id} 2 This post was retracted`,
  ])
  assert.doesNotMatch(await page.content(), /secret/)
})

async function listening(lines: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(lines)) {
    const said = line.startsWith('{') ? (JSON.parse(line) as { msg?: string; url?: string }) : {}
    if (said.msg === 'listening' && said.url !== undefined) return said.url
  }
  throw new Error('it ended before it listened')
}
