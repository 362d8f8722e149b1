import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import { type Html, html } from '../html.ts'
import { attempt } from './attempt.ts'
import { type Embedded, embeddedId, textsId } from './embedded.ts'
import { setLocale } from './locales.ts'
import { plainOf, renderPlainPost } from './plain-post.ts'
import { type Place, postTitle, renderPost, summaryOf } from './post.ts'
import { ownTime } from './times.ts'
import type { Texts } from './words/texts.ts'
import { fixedText, knowTexts, type Words, wordsFor } from './words.ts'
import { textDirection } from './writing.ts'

/** The one element that fits. Throws where there is none: page and script are of different versions then. */
export function element<T extends Element>(within: ParentNode, selector: string, kind: new () => T): T {
  const found = within.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${selector}. Load it again.`)
}

/**
 * Takes the data out of the page, so that no retracted text is left in it. Undefined if they can't be read, as on a page
 * whose end was lost on its way. The fixed texts stand at the page's beginning.
 */
export function takeEmbedded(): Embedded | undefined {
  attempt('the texts of the language', () => {
    const script = document.querySelector(`#${textsId}`)
    if (script instanceof HTMLScriptElement) knowTexts(JSON.parse(script.text) as Texts)
  })
  const { locale } = document.body.dataset
  if (locale !== undefined) setLocale(document.documentElement.lang, locale)
  return attempt('what the page was made with', () => {
    const script = element(document, `#${embeddedId}`, HTMLScriptElement)
    const text = script.text
    script.remove()
    return JSON.parse(text) as Embedded
  })
}

/** The ways to make an article of a post, best first; a later one is for a post with which the ones before it fail. */
export function articleMakers(channel: () => Channel, place: Place): readonly ((post: Post) => HTMLElement)[] {
  return [
    (post) => {
      const article = articleIn(renderPost(post, channel(), place))
      showOwnTimes(article, channel())
      return article
    },
    (post) => articleIn(renderPlainPost(post, channel(), place)),
    (post) => bareArticle(post, channel()),
  ]
}

function articleIn(markup: Html): HTMLElement {
  const article = parse(markup).firstElementChild
  if (article instanceof HTMLElement) return article
  throw new Error('The rendered post is no element.')
}

/** Text, and what names the post for the list: nothing is parsed. */
function bareArticle(post: Post, channel: Channel): HTMLElement {
  const article = document.createElement('article')
  const content = document.createElement('div')
  content.className = 'what'
  article.className = 'post'
  article.id = `post-${post.id}`
  article.dataset['post'] = post.id
  article.dataset['version'] = String(post.version)
  article.dataset['published'] = post.publishedAt
  const { headline = '', text } = plainOf(post, channel)
  for (const line of [headline, ...text.split('\n')]) {
    const paragraph = document.createElement('p')
    paragraph.dir = textDirection(line, channel.language)
    paragraph.textContent = line
    content.append(paragraph)
  }
  article.append(content)
  return article
}

/** Adds the reader's own time to our times in the channel's zone, if the clocks there differ. */
export function showOwnTimes(within: ParentNode, channel: Channel): void {
  const words = wordsFor(channel.language)
  const ownZone = zoneOfReader()
  for (const time of within.querySelectorAll<HTMLTimeElement>('time[data-zoned]')) {
    if (time.closest('.body') !== null || time.querySelector('.own-time') !== null) continue
    const own = ownTime(time.dateTime, channel, ownZone)
    if (own === null) continue
    time.append(' ', ownTimeElement(own, words))
  }
}

function ownTimeElement(time: string, words: Words): HTMLElement {
  const span = document.createElement('span')
  span.className = 'own-time'
  if (words.foreign) span.lang = words.language
  const isolated = document.createElement('bdi')
  isolated.textContent = time
  const [before = '', after = ''] = words.ownTime.split('{time}')
  span.append(before, isolated, after)
  return span
}

function zoneOfReader(): string | undefined {
  try {
    return new Intl.DateTimeFormat().resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** What the page says of the channel as a whole. */
export function showChannel(channel: Channel): void {
  const words = wordsFor(channel.language)
  for (const title of document.querySelectorAll<HTMLElement>('[data-channel-title]')) {
    title.textContent = channel.title
    title.dir = textDirection(channel.title, channel.language)
  }
  for (const summary of document.querySelectorAll<HTMLElement>('[data-channel-summary]')) {
    summary.textContent = channel.summary ?? ''
    summary.dir = textDirection(channel.summary ?? '', channel.language)
    summary.hidden = channel.summary === undefined
  }
  for (const status of document.querySelectorAll('[data-channel-status]')) {
    status.replaceChildren(parse(html`${fixedText(words.status[channel.status], words)}`))
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
