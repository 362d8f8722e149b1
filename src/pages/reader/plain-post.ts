import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import { type Html, html } from '../html.ts'
import { article, type Place, postPath } from './post.ts'
import { fixedText, wordsFor } from './words.ts'
import { textDirection } from './writing.ts'

/**
 * A post as its headline and its text, for one that can't be rendered in full. Nothing is formatted, none of the post's
 * own markup is taken, and no field is read that is not needed, so that there is little that could fail.
 */
export function renderPlainPost(post: Post, channel: Channel, place: Place = 'list'): Html {
  const words = wordsFor(channel.language)
  const { headline, text } = plainOf(post, channel)
  const id = `post-${post.id}-title`
  const classes = post.status === 'retracted' ? ['retracted'] : post.pinned ? ['pinned'] : []
  const dirOf = (line: string) => textDirection(line, channel.language)
  const name = headline ?? fixedText(words.permalink, words)
  const titleDir = dirOf(headline ?? '')
  const title =
    place === 'alone'
      ? html`<h1 class="headline" id="${id}" dir="${titleDir}">${headline}</h1>`
      : html`<h2 class="headline" id="${id}" dir="${titleDir}"><a href="${postPath(post)}">${name}</a></h2>`
  const lines = text.split('\n').map((line) => html`<p dir="${dirOf(line)}">${line}</p>`)
  return article(post, classes, id, html`<div class="what">${title}<div class="body">${lines}</div></div>`)
}

/** The headline and the text of a post; of a retracted one, that it is and why. */
export function plainOf(post: Post, channel: Channel): { headline: string | undefined; text: string } {
  if (post.status === 'published') return { headline: post.headline, text: post.body.text }
  const words = wordsFor(channel.language)
  return { headline: words.retracted, text: `${words.retractedReason} ${post.retraction.reason}` }
}
