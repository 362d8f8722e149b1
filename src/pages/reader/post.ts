import { closeBidi } from '../../wire/bidi.ts'
import type { Channel } from '../../wire/channel.ts'
import { cutText } from '../../wire/cut.ts'
import type { Correction, Post, PublishedPost, RetractedPost } from '../../wire/post.ts'
import { type Html, html, type Part } from '../html.ts'
import { renderBody } from './body.ts'
import { type TimeSetting, timeElement } from './times.ts'
import { fixedText, type Words, wordsFor } from './words.ts'
import { listSeparator, textDirection } from './writing.ts'

/** In a list the headline is a heading below the channel's and links to the post; on its own page it is the title. */
export type Place = 'list' | 'alone'

interface Setting {
  readonly place: Place
  readonly words: Words
  readonly time: TimeSetting
  /** A fixed text. */
  readonly say: (text: string) => Part
  /** The direction of a text of the post. */
  readonly dirOf: (text: string) => string
  /** What stands between the items of a list. */
  readonly separator: string
}

/**
 * A post as an `<article>`, by the server and by the browser alike. What names it for the list (`id`, `data-post`,
 * `data-version`, `data-published`) is the same for a post and for the stub that a retraction leaves.
 */
export function renderPost(post: Post, channel: Channel, place: Place = 'list'): Html {
  const words = wordsFor(channel.language)
  const setting: Setting = {
    place,
    words,
    time: channel,
    say: (text) => fixedText(text, words),
    dirOf: (text) => textDirection(text, channel.language),
    separator: listSeparator(channel.language),
  }
  return post.status === 'retracted' ? retracted(post, setting) : published(post, setting)
}

function elementId(post: { readonly id: string }): string {
  return `post-${post.id}`
}

export function postPath(post: { readonly channel: string; readonly id: string }): string {
  return `/c/${post.channel}/p/${post.id}`
}

/** What a post's own page is called. Nothing of a retracted post is in it. */
export function postTitle(post: Post, channel: Channel): string {
  const name = post.status === 'retracted' ? wordsFor(channel.language).retracted : (post.headline ?? summaryOf(post))
  return titleOf(name, channel.title)
}

/** Names one beside the other, none of which turns the direction of the next. */
export function titleOf(...names: readonly string[]): string {
  return names.map(closeBidi).join(' | ')
}

/** Characters of a post's text that describe it to search engines and in a title. */
const descriptionCharsMax = 200

export function summaryOf(post: Post): string {
  return descriptionOf(post.status === 'retracted' ? post.retraction.reason : post.body.text)
}

/** A text as one line that is not too long. Its lines are closed before they are joined, and what is cut off after. */
export function descriptionOf(text: string): string {
  return closeBidi(cutText(closeBidi(text).replaceAll(/\s+/g, ' ').trim(), descriptionCharsMax))
}

export function article(post: Post, classes: readonly string[], labelledBy: string, content: Html): Html {
  return html`<article class="${['post', ...classes].join(' ')}" id="${elementId(post)}" aria-labelledby="${labelledBy}" data-post="${post.id}" data-version="${post.version}" data-published="${post.publishedAt}">${content}</article>`
}

function published(post: PublishedPost, setting: Setting): Html {
  const { place, words, time, say, dirOf } = setting
  const id = elementId(post)
  const classes = [post.pinned && 'pinned', post.keyEvent && 'key-event', post.breaking && 'breaking']
  const hasHeadline = post.headline !== undefined
  return article(
    post,
    classes.filter((name) => name !== false),
    hasHeadline ? `${id}-title` : `${id}-time`,
    html`
<p class="when">${timeElement(post.publishedAt, time, `${id}-time`)}</p>
<div class="what">
${labels(post, setting)}
${post.headline !== undefined && heading(post, post.headline, setting)}
${authors(post, setting)}
${post.sensitivity !== undefined && html`<p class="note sensitivity"><strong>${say(words.sensitivity)}</strong> <span dir="${dirOf(post.sensitivity)}">${post.sensitivity}</span></p>`}
${post.body.html !== '' && html`<div class="body" dir="${dirOf(post.body.text)}">${renderBody(post.body.html, place === 'alone' ? 1 : 2, words)}</div>`}
${post.media.map((media) => picture(media, setting))}
${sources(post, setting)}
${post.corrections.map((correction) => note(correction, setting))}
${footer(post, setting)}
</div>
`,
  )
}

function retracted(post: RetractedPost, { place, words, time, say, dirOf }: Setting): Html {
  const id = elementId(post)
  const title = html`<a href="${postPath(post)}">${say(words.retracted)}</a>`
  return article(
    post,
    ['retracted'],
    `${id}-title`,
    html`
<p class="when">${timeElement(post.publishedAt, time, `${id}-time`)}</p>
<div class="what">
${place === 'alone' ? html`<h1 class="headline" id="${id}-title">${say(words.retracted)}</h1>` : html`<h2 class="headline" id="${id}-title">${title}</h2>`}
<p class="reason"><strong>${say(words.retractedReason)}</strong> <span dir="${dirOf(post.retraction.reason)}">${post.retraction.reason}</span></p>
<p class="about">${say(words.retractedAt)} ${timeElement(post.retraction.at, time)}</p>
</div>
`,
  )
}

function heading(post: PublishedPost, text: string, { place, dirOf }: Setting): Html {
  const id = `${elementId(post)}-title`
  if (place === 'alone') return html`<h1 class="headline" id="${id}" dir="${dirOf(text)}">${text}</h1>`
  return html`<h2 class="headline" id="${id}" dir="${dirOf(text)}"><a href="${postPath(post)}">${text}</a></h2>`
}

function labels(post: PublishedPost, { words, say }: Setting): Part {
  const shown: Html[] = []
  if (post.pinned) shown.push(html`<li class="label label-pinned">${say(words.pinned)}</li>`)
  if (post.breaking) shown.push(html`<li class="label label-breaking">${say(words.breaking)}</li>`)
  if (post.keyEvent) shown.push(html`<li class="label label-key">${say(words.keyEvent)}</li>`)
  if (post.verification !== undefined) {
    shown.push(html`<li class="label label-${post.verification}">${say(words.verification[post.verification])}</li>`)
  }
  return shown.length > 0 && html`<ul class="labels" role="list">${shown}</ul>`
}

function linked(name: string, url: string | undefined, { dirOf }: Setting): Html {
  const dir = dirOf(name)
  return url === undefined ? html`<span dir="${dir}">${name}</span>` : html`<a href="${url}" dir="${dir}">${name}</a>`
}

function listed(items: readonly Html[], { separator }: Setting): Part {
  return items.map((item, index) => (index === 0 ? item : [separator, item]))
}

function authors(post: PublishedPost, setting: Setting): Part {
  const { words, say, dirOf } = setting
  if (post.authors.length === 0) return null
  const named = post.authors.map(({ name, role, url }) => {
    return html`${linked(name, url, setting)}${role !== undefined && html` <span class="role">(<span dir="${dirOf(role)}">${role}</span>)</span>`}`
  })
  return html`<p class="byline">${say(words.by)} ${listed(named, setting)}</p>`
}

function sources(post: PublishedPost, setting: Setting): Part {
  if (post.sources.length === 0) return null
  const { words, say } = setting
  const named = post.sources.map(({ name, url }) => linked(name, url, setting))
  return html`<p class="about sources">${say(words.sources)} ${listed(named, setting)}</p>`
}

function picture(media: PublishedPost['media'][number], { words, say, dirOf }: Setting): Html {
  const size = html`${media.width !== undefined && html` width="${media.width}"`}${media.height !== undefined && html` height="${media.height}"`}`
  const image = html`<img src="${media.url}" alt="${closeBidi(media.alt)}"${size} loading="lazy" decoding="async">`
  const shown = media.sensitive
    ? html`<details class="sensitive"><summary>${say(words.sensitiveImage)}</summary>${image}</details>`
    : image
  const caption = media.caption !== undefined && html`<span dir="${dirOf(media.caption)}">${media.caption}</span> `
  const credit =
    media.credit !== undefined &&
    html`<span class="credit">${say(words.imageCredit)} <span dir="${dirOf(media.credit)}">${media.credit}</span></span>`
  return html`<figure>${shown}${(caption || credit) && html`<figcaption>${caption}${credit}</figcaption>`}</figure>`
}

function note(correction: Correction, { words, time, say, dirOf }: Setting): Html {
  return html`<p class="note note-${correction.kind}"><strong>${say(words.correction[correction.kind])}</strong> <span class="note-time">${timeElement(correction.at, time)}</span> <span class="note-text" dir="${dirOf(correction.text)}">${correction.text}</span></p>`
}

function footer(post: PublishedPost, { place, words, time, say, dirOf }: Setting): Part {
  const items: Html[] = []
  if (post.eventTime !== undefined)
    items.push(html`<li>${say(words.happened)} ${timeElement(post.eventTime, time)}</li>`)
  if (post.updatedAt !== post.publishedAt) {
    items.push(html`<li>${say(words.updated)} ${timeElement(post.updatedAt, time)}</li>`)
  }
  if (post.tags.length > 0) {
    const tags = post.tags.map((tag) => html`<li class="tag" dir="${dirOf(tag)}">${tag}</li>`)
    items.push(html`<li><ul class="tags" role="list" aria-label="${words.tags}">${tags}</ul></li>`)
  }
  if (place === 'list')
    items.push(
      html`<li><a class="permalink" href="${postPath(post)}" aria-describedby="${elementId(post)}-time">${say(words.permalink)}</a></li>`,
    )
  return items.length > 0 && html`<ul class="about" role="list">${items}</ul>`
}
