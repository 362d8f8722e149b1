import type { Page, Snapshot } from '../../wire/batch.ts'
import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import type { Cursor } from '../../wire/scalars.ts'
import { type Html, html, type Part, scriptJson } from '../html.ts'
import { type PageAssets, renderDocument } from '../layout.ts'
import type { Message } from '../message.ts'
import { type Embedded, embeddedId, textsId } from './embedded.ts'
import { renderPlainPost } from './plain-post.ts'
import { descriptionOf, type Place, postPath, postTitle, renderPost, summaryOf, titleOf } from './post.ts'
import { timeElement } from './times.ts'
import './words/languages.ts'
import { localeOf } from './locales.ts'
import { english } from './words/english.ts'
import { fixedLanguage, fixedText, textsFor, type Words, wordsFor } from './words.ts'
import { directionOf, textDirection } from './writing.ts'

export interface Rendering {
  readonly assets: PageAssets
  /** Address of this site without a slash at its end; canonical addresses begin with it. */
  readonly publicUrl: string
  /** Told of a post that is shown as plain text, since it can't be rendered in full. */
  readonly failed: (post: Post, error: unknown) => void
}

/** The reader page: what is pinned, then the newest posts. It goes on live from the snapshot that it carries. */
export function renderReaderPage(rendering: Rendering, snapshot: Snapshot): string {
  const { assets, publicUrl } = rendering
  const { channel } = snapshot
  const words = wordsFor(channel.language)
  const pinned = new Set(snapshot.pinned.map((post) => post.id))
  const posts = [...snapshot.pinned, ...snapshot.posts.filter((post) => !pinned.has(post.id))]
  const older = snapshot.older === undefined ? undefined : olderPath(channel, snapshot.older)
  return renderDocument(assets, {
    language: channel.language,
    locale: localeOf(channel.language),
    title: titleOf(channel.title, words.site),
    description: descriptionOf(channel.summary ?? channel.title),
    canonical: `${publicUrl}/c/${channel.id}`,
    older,
    script: assets.reader,
    texts: embedTexts(channel.language),
    site: words.site,
    skip: { to: 'posts', text: fixedText(words.skip, words) },
    main: html`${masthead(channel, words)}${bar(words)}${feed(posts, channel, rendering)}${olderLink(older, words)}`,
    data: embed({ view: 'newest', snapshot }),
  })
}

/** An earlier page of the same coverage. It stays as it is, but for edits and retractions, which reach it live. */
export function renderOlderPage(rendering: Rendering, snapshot: Snapshot, page: Page, before: string): string {
  const { assets, publicUrl } = rendering
  const { channel, cursor } = snapshot
  const words = wordsFor(channel.language)
  const older = page.older === undefined ? undefined : olderPath(channel, page.older)
  const newest = html`<p class="turn"><a href="/c/${channel.id}">${fixedText(words.newest, words)}</a></p>`
  return renderDocument(assets, {
    language: channel.language,
    locale: localeOf(channel.language),
    title: titleOf(channel.title, words.site),
    description: descriptionOf(channel.summary ?? channel.title),
    canonical: `${publicUrl}${olderPath(channel, before)}`,
    older,
    script: assets.reader,
    texts: embedTexts(channel.language),
    site: words.site,
    skip: { to: 'posts', text: fixedText(words.skip, words) },
    main: html`${masthead(channel, words)}${bar(words)}${newest}${feed(page.posts, channel, rendering)}${olderLink(older, words)}`,
    data: embed({ view: 'part', snapshot: withoutPosts(channel, cursor) }),
  })
}

/** A post's own page; of a retracted one, its stub. */
export function renderPostPage(rendering: Rendering, channel: Channel, cursor: Cursor, post: Post): string {
  const { assets, publicUrl } = rendering
  const words = wordsFor(channel.language)
  return renderDocument(assets, {
    language: channel.language,
    locale: localeOf(channel.language),
    title: postTitle(post, channel),
    description: summaryOf(post),
    canonical: `${publicUrl}${postPath(post)}`,
    script: assets.reader,
    texts: embedTexts(channel.language),
    site: words.site,
    main: html`<p class="trail"><a href="/c/${channel.id}" dir="${textDirection(channel.title, channel.language)}" data-channel-title>${channel.title}</a></p>
<div class="posts" id="posts">${articleOf(post, channel, rendering, 'alone')}</div>
<p class="turn"><a href="/c/${channel.id}">${fixedText(words.wholeCoverage, words)}</a></p>`,
    data: embed({ view: 'part', snapshot: withoutPosts(channel, cursor) }),
  })
}

/** The list of all coverage, in the language of most of it. Each item is in its own. */
export function renderChannelsPage({ assets, publicUrl }: Rendering, channels: readonly Channel[]): string {
  const words = wordsFor(mostUsed(channels.map(({ language }) => textsFor(language).language)) ?? 'en')
  const rank = { live: 0, scheduled: 1, ended: 2 }
  const sorted = channels.toSorted(
    (a, b) => rank[a.status] - rank[b.status] || (b.coverageStart ?? '').localeCompare(a.coverageStart ?? ''),
  )
  const items = sorted.map(channelItem)
  return renderDocument(assets, {
    language: words.language,
    title: titleOf(words.channels, words.site),
    description: words.channelsSummary,
    canonical: `${publicUrl}/`,
    site: words.site,
    main: html`<h1 class="page-title">${words.channels}</h1>
${items.length === 0 ? html`<p class="empty">${words.noChannels}</p>` : html`<ul class="channels" role="list">${items}</ul>`}`,
  })
}

/** The first of those that are named most often. */
function mostUsed(names: readonly string[]): string | undefined {
  const times = new Map<string, number>()
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1)
  const most = Math.max(...times.values())
  return names.find((name) => times.get(name) === most)
}

/** For a page that is not there or could not be made. */
export function renderMessagePage({ assets }: Rendering, { language, title, text, detail }: Message): string {
  const words = wordsFor(language)
  const exactly = detail !== undefined && html`<p lang="en" dir="ltr">${detail}</p>`
  return renderDocument(assets, {
    language,
    title: titleOf(title, words.site),
    robots: 'noindex',
    site: words.site,
    main: html`<h1 class="page-title">${title}</h1><p>${text}</p>${exactly}<p class="turn"><a href="/">${words.channels}</a></p>`,
  })
}

function masthead(channel: Channel, words: Words): Html {
  return html`<div class="masthead">
<p class="status status-${channel.status}" data-channel-status>${fixedText(words.status[channel.status], words)}</p>
<h1 class="channel-title" dir="${textDirection(channel.title, channel.language)}" data-channel-title>${channel.title}</h1>
<p class="summary" dir="${textDirection(channel.summary ?? '', channel.language)}" data-channel-summary${channel.summary === undefined && html` hidden`}>${channel.summary}</p>
</div>
`
}

/** The line that stays in view. It is empty until the script runs: all in it has to do with what comes live. */
function bar(words: Words): Html {
  return html`<div class="bar" data-bar hidden${fixedLanguage(words)}>
<p class="connection" data-connection></p>
<p class="announcement" role="status" data-announcement></p>
<button type="button" class="show-new" data-show-new hidden></button>
<button type="button" class="pause" data-pause>${words.pause}</button>
</div>
`
}

function feed(posts: readonly Post[], channel: Channel, rendering: Rendering): Html {
  const words = wordsFor(channel.language)
  const empty = html`<p class="empty" data-empty${posts.length > 0 && html` hidden`}>${fixedText(words.noPosts, words)}</p>`
  // A feed without an article is none (WAI-ARIA 1.2, "feed"), so the list gets its role with its first post.
  const role = posts.length > 0 && html` role="feed" aria-label="${words.posts}"`
  return html`${empty}<div class="posts" id="posts"${role}>${posts.map((post) => articleOf(post, channel, rendering))}</div>
`
}

/** One post that can't be rendered (a row of another version, perhaps) does not take the page from all the others. */
function articleOf(post: Post, channel: Channel, { failed }: Rendering, place?: Place): Html {
  try {
    return renderPost(post, channel, place)
  } catch (error) {
    failed(post, error)
    return renderPlainPost(post, channel, place)
  }
}

function olderLink(older: string | undefined, words: Words): Html {
  return html`<p class="turn" data-older${older === undefined && html` hidden`}><a href="${older ?? '#posts'}" rel="next">${fixedText(words.older, words)}</a></p>`
}

function olderPath(channel: Channel, before: string): string {
  return `/c/${channel.id}?before=${encodeURIComponent(before)}`
}

function channelItem(channel: Channel): Html {
  const { id, title, summary, language, status, coverageStart } = channel
  const words = wordsFor(language)
  return html`<li class="channel" lang="${language}" dir="${directionOf(language)}">
<p class="status status-${status}">${fixedText(words.status[status], words)}</p>
<h2><a href="/c/${id}" dir="${textDirection(title, language)}">${title}</a></h2>
${summary !== undefined && html`<p class="summary" dir="${textDirection(summary, language)}">${summary}</p>`}
${coverageStart !== undefined && html`<p class="about">${timeElement(coverageStart, channel)}</p>`}
</li>`
}

function embed(embedded: Embedded): Html {
  return html`<script type="application/json" id="${embeddedId}">${scriptJson(embedded)}</script>`
}

/** The script has the texts in English itself. */
function embedTexts(language: string): Part {
  const texts = textsFor(language)
  return texts !== english && html`<script type="application/json" id="${textsId}">${scriptJson(texts)}</script>`
}

/** Enough to follow on from the cursor, where the posts of the page are not the newest. */
function withoutPosts(channel: Channel, cursor: Cursor): Snapshot {
  return { channel, cursor, pinned: [], posts: [] }
}
