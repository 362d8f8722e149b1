/** Whatever a post holds, and whatever the browser lacks: the page goes live, and takes the next change. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page, Route } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import type { Newsroom } from './newsroom.ts'
import { openSite, untilLive } from './site.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

type Body = { readonly html: string } | { readonly markdown: string }

/** Each has the word "secret", by which a test tells whether the text is gone. */
const bodies: readonly (readonly [what: string, body: Body, edited?: Body])[] = [
  ['a time that no machine can read', { html: '<p>secret, at <time>noon</time></p>' }],
  ['a time of the day', { html: '<p>secret, at <time datetime="14:30">half past two</time></p>' }],
  [
    'a time in Markdown',
    { markdown: 'secret, at <time>noon</time> or <time datetime="2026-02-31T99:00Z">never</time>' },
  ],
  [
    'the ids, classes and attributes of the page',
    {
      html: `<article id="posts" class="post" data-post="x" data-version="9" data-published="9999">
        <div id="wirecopy" class="body what" data-bar data-older data-empty data-channel-title>secret</div>
        <time data-zoned>noon</time></article>`,
    },
  ],
  [
    'forms and names that shadow the properties of elements',
    {
      html: `<form id="body"><input name="attributes"><input name="children"><input name="childNodes">
        <button name="replaceChildren">secret</button></form><a name="querySelector">secret</a>`,
    },
  ],
  ['articles in articles', { html: `${'<article><p>secret</p>'.repeat(60)}${'</article>'.repeat(60)}` }],
  ['ends of elements that it did not begin', { html: '<p>secret</p></div></div></article></main></body></html><p>x' }],
  ['elements that overlap', { html: '<b><p>secret<i></b>x</p><a href="https://a.example/">y<table><a>z</table></i>' }],
  ['parts of tables', { html: '<td>secret<tr><table><p>out</p><tr><td><table><caption>in</table><li>x<dd>y' }],
  [
    'text that runs the other way',
    { html: '<p dir="rtl">secret \u202e\u2066 \u05d0</p><p dir="auto">\u2028\u200f</p>' },
  ],
  [
    'thousands of elements, which an edit replaces by others',
    { html: `secret${'<b>x</b>'.repeat(2_000)}` },
    { html: `secret${'<i>x</i>'.repeat(2_000)}` },
  ],
]

/**
 * A post that the page was made with and one that comes live are edited and retracted; other posts come in between.
 * Whatever they hold, each step is seen on the page, and at the end no text is.
 */
async function goesOn(newsroom: Newsroom, open: () => Promise<Page>, body: Body, edited: Body = body): Promise<Page> {
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })
  const early = await newsroom.publish({ headline: 'Early', body, eventTime: '2026-03-01T21:00:00Z' })
  const page = await open()
  await untilLive(page)
  const late = await newsroom.publish({ headline: 'Late', body, eventTime: '0001-01-01T00:00:00Z' })
  await heading('Late').waitFor()
  await newsroom.publish({ headline: 'Next' })
  await heading('Next').waitFor()
  for (const [id, name] of [
    [early, 'Early'],
    [late, 'Late'],
  ] as const) {
    await newsroom.edit(id, {
      headline: `${name}, edited`,
      body: edited,
      correction: { text: 'It said something else.' },
    })
    await heading(`${name}, edited`).waitFor()
    assert.equal(await page.locator('#posts > [data-post]').count(), 3)
    assert.ok((await page.locator(`#post-${id}`).textContent())?.includes('secret'))
  }
  // Nothing in a body can be taken for an element of the page's own, and the page adds nothing to a body but boxes.
  const ours = '.body :is([id], [class], [name], [role], [data-post], [data-zoned]):not(.scroll)'
  assert.equal(await page.locator(ours).count(), 0)
  for (const id of [early, late]) {
    await newsroom.retract(id, `Taken back: ${id}`)
    await page.getByText(`Taken back: ${id}`).waitFor()
  }
  assert.doesNotMatch(await page.content(), /secret|edited|something else/)
  await newsroom.publish({ headline: 'Last' })
  await heading('Last').waitFor()
  assert.equal(await page.locator('#posts > [data-post]').count(), 4)
  return page
}

for (const [what, body, edited] of bodies) {
  test(`the page goes on with a post whose body has ${what}`, async (t) => {
    const { newsroom, open } = await openSite(t, browser, 'any-body', { timeZone: 'Asia/Tokyo' })
    const page = await goesOn(newsroom, () => open(newsroom.path), body, edited)
    assert.match((await page.locator('.when').first().textContent()) ?? '', /GMT\+9 .* your time/)
  })
}

test("a post's own page goes on with a time in its body", async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'any-alone')
  const body = { html: '<p>secret, at <time>noon</time></p>' }
  const id = await newsroom.publish({ headline: 'First', body })
  const page = await open(`${newsroom.path}/p/${id}`)
  await newsroom.edit(id, { headline: 'Second' })
  await page.getByRole('heading', { level: 1, name: 'Second' }).waitFor()
  await newsroom.retract(id, 'Taken back.')
  await page.getByText('Taken back.').waitFor()
  assert.doesNotMatch(await page.content(), /secret|First|Second/)
})

/** Browsers that lack what formatting needs. `time` is what a post that came live shows of its time then. */
const browsers = [
  {
    what: "that does not know the channel's zone",
    before: `const known = Intl.DateTimeFormat
      Intl.DateTimeFormat = function (language, options) {
        if (options?.timeZone === 'Europe/Kyiv') throw new RangeError('Invalid time zone specified: Europe/Kyiv')
        return new known(language, options)
      }`,
    time: /^\d\d:\d\d UTC /,
  },
  {
    what: "that does not take the channel's language",
    before: `const known = Intl.DateTimeFormat
      Intl.DateTimeFormat = function (language, options) {
        if (String(language).startsWith('uk')) throw new RangeError('Incorrect locale information provided')
        return new known(language, options)
      }`,
    time: /^\d\d:\d\d (EET|EEST|GMT\+[23]) /,
  },
  {
    what: 'that is in a zone of which it knows nothing',
    before: `Intl.DateTimeFormat.prototype.resolvedOptions = () => ({ timeZone: 'Etc/Unknown' })`,
    time: /^\d\d:\d\d (за|EET|EEST|GMT\+[23])/,
  },
  {
    what: 'without parts of formatted times',
    before: `delete Intl.DateTimeFormat.prototype.formatToParts`,
    time: /^\d\d:\d\d Europe\/Kyiv /,
  },
  { what: 'without Intl', before: 'delete globalThis.Intl', time: /^\d\d:\d\d UTC \d{4}-\d\d-\d\d/ },
]

for (const { what, before, time } of browsers) {
  test(`the page goes live, and on, in a browser ${what}`, async (t) => {
    const { newsroom, open } = await openSite(t, browser, 'any-browser', { timeZone: 'Europe/Kyiv', language: 'uk' })
    const page = await goesOn(newsroom, () => open(newsroom.path, { before }), { html: '<p>secret</p>' })
    const shown = (await page.locator('.when time').first().textContent()) ?? ''
    assert.match(shown, time)
  })
}

test('a post that can not be rendered is shown as text, and no other post is touched by that', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'any-fault')
  const told: string[] = []
  const before = `const { set, get } = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML')
    Object.defineProperty(HTMLTemplateElement.prototype, 'innerHTML', {
      get,
      set(markup) {
        if (String(markup).includes('<em>secret')) throw new TypeError('this markup does not render')
        set.call(this, markup)
      },
    })`
  const page = await goesOn(
    newsroom,
    async () => {
      const opened = await open(newsroom.path, { before, expected: /could not show/ })
      opened.on('console', (message) => told.push(message.text()))
      return opened
    },
    { html: '<p><em>secret</em></p>' },
  )
  assert.ok(
    told.some((text) => /^Wirecopy could not show post \S+\. The page goes on\./.test(text)),
    told.join('\n'),
  )
  assert.equal(await page.locator('.headline').first().textContent(), 'Last')
})

test('an edit that can not be fitted into what is shown replaces it', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'any-morph')
  const before = `Node.prototype.isEqualNode = () => { throw new TypeError('these nodes do not compare') }`
  await goesOn(newsroom, () => open(newsroom.path, { before, expected: /could not show/ }), { html: '<p>secret</p>' })
})

test('a retracted text goes from a page that can parse no markup at all', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'any-parser')
  const id = await newsroom.publish({ headline: 'Early', body: { text: 'secret' } })
  const before = `Object.defineProperty(HTMLTemplateElement.prototype, 'content', { get() { throw new TypeError('no') } })`
  const page = await open(newsroom.path, { before, expected: /could not show/ })
  await untilLive(page)
  const late = await newsroom.publish({ headline: 'Late', body: { text: 'secret, too' } })
  await page.locator(`#post-${late}`, { hasText: 'secret, too' }).waitFor()
  for (const one of [id, late]) {
    await newsroom.retract(one, `Taken back: ${one}`)
    await page.locator(`#post-${one}`, { hasText: `Taken back: ${one}` }).waitFor()
  }
  assert.doesNotMatch(await page.content(), /secret|Early|Late/)
})

test('a page whose end was lost on its way goes live, and on', async (t) => {
  const { newsroom, open, url } = await openSite(t, browser, 'any-end')
  const cut = async (route: Route) => {
    const answer = await route.fetch()
    const text = await answer.text()
    await route.fulfill({ response: answer, body: text.slice(0, text.indexOf('"snapshot"') + 40) })
  }
  await goesOn(
    newsroom,
    async () => {
      const page = await open('/assets/none', { expected: /404|could not show|LOCAL_NETWORK/ })
      await page.route(`${url}${newsroom.path}`, cut)
      await page.goto(`${url}${newsroom.path}`)
      return page
    },
    { html: '<p>secret</p>' },
  )
})

test('an edit looks at each element of a post a few times, however many there are', async (t) => {
  const { newsroom, open } = await openSite(t, browser, 'any-size')
  const elements = 4_000
  const id = await newsroom.publish({ headline: 'Long', body: { html: '<b>x</b>'.repeat(elements) } })
  const before = `window.reads = 0
    const { get } = Object.getOwnPropertyDescriptor(Node.prototype, 'nodeName')
    Object.defineProperty(Node.prototype, 'nodeName', { get() { window.reads++; return get.call(this) } })`
  const page = await open(newsroom.path, { before })
  await untilLive(page)
  await newsroom.edit(id, { headline: 'Longer', body: { html: '<i>x</i>'.repeat(elements) } })
  await page.getByRole('heading', { name: 'Longer' }).waitFor()
  const reads = Number(await page.evaluate('window.reads'))
  assert.ok(reads < elements * 10, `${reads} names were read`)
})
