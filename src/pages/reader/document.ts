import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import type { Html } from '../html.ts'
import { type Embedded, embeddedId } from './embedded.ts'
import { type Place, postTitle, renderPost, summaryOf } from './post.ts'
import { ownTime } from './times.ts'
import { wordsFor } from './words.ts'

/** The one element that fits. Throws where there is none: page and script are of different versions then. */
export function element<T extends Element>(within: ParentNode, selector: string, kind: new () => T): T {
  const found = within.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${selector}. Load it again.`)
}

/** Takes the data out of the page, so that no retracted text is left in it. */
export function takeEmbedded(): Embedded {
  const script = element(document, `#${embeddedId}`, HTMLScriptElement)
  const embedded: Embedded = JSON.parse(script.text)
  script.remove()
  return embedded
}

export function articleOf(post: Post, channel: Channel, place: Place): HTMLElement {
  const article = element(parse(renderPost(post, channel, place)), 'article', HTMLElement)
  showOwnTimes(article, channel)
  return article
}

/** Adds the reader's own time to times of the channel's zone, where the clocks there differ. */
export function showOwnTimes(within: ParentNode, channel: Channel): void {
  const words = wordsFor(channel.language)
  const ownZone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  for (const time of within.querySelectorAll('time')) {
    const own = ownTime(time.dateTime, channel, ownZone)
    if (own === null) continue
    const span = document.createElement('span')
    span.className = 'own-time'
    span.textContent = words.ownTime(own)
    time.append(' ', span)
  }
}

/** What the page says of the channel as a whole. */
export function showChannel(channel: Channel): void {
  for (const title of document.querySelectorAll('[data-channel-title]')) title.textContent = channel.title
  for (const summary of document.querySelectorAll<HTMLElement>('[data-channel-summary]')) {
    summary.textContent = channel.summary ?? ''
    summary.hidden = channel.summary === undefined
  }
  for (const status of document.querySelectorAll('[data-channel-status]')) {
    status.textContent = wordsFor(channel.language).status[channel.status]
    status.className = `status status-${channel.status}`
  }
}

/** The head names the post of a post's own page, and a retracted headline must not stay there either. */
export function showPostInHead(post: Post, channel: Channel): void {
  document.title = postTitle(post, channel)
  document.querySelector('meta[name="description"]')?.setAttribute('content', summaryOf(post))
}

function parse(markup: Html): DocumentFragment {
  const template = document.createElement('template')
  template.innerHTML = markup.toString()
  return template.content
}
