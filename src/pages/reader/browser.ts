/** What runs in the reader's browser: it takes the page over from where the server rendered it, and keeps it current. */
import { type Feed, follow } from '../../client/index.ts'
import type { Batch } from '../../wire/batch.ts'
import type { Post } from '../../wire/post.ts'
import { articleOf, element, showChannel, showOwnTimes, showPostInHead, takeEmbedded } from './document.ts'
import type { Embedded } from './embedded.ts'
import { LiveBar } from './live-bar.ts'
import { type Admission, PostList } from './post-list.ts'
import { wordsFor } from './words.ts'

/** Readers whose page is made anew at the same moment come back spread over this time. */
const reloadSpreadMs = 5_000

const embedded = takeEmbedded()
const list = element(document, '#posts', HTMLElement)
showOwnTimes(document, embedded.snapshot.channel)
if (embedded.view === 'newest') keepNewest(embedded)
else keepPart(embedded)

/** The reader page: the list of the feed, whole. */
function keepNewest({ snapshot }: Embedded): void {
  const words = wordsFor(snapshot.channel.language)
  const bar = new LiveBar(words, {
    showNew: () => showWaiting(),
    pause: () => show(),
  })
  const channel = () => feed.channel ?? snapshot.channel
  const posts = new PostList(
    list,
    (post) => articleOf(post, channel(), 'list'),
    () => bar.coveredPx,
  )
  const feed = follow(location.origin, snapshot.channel.id, {
    snapshot,
    onSnapshot: () => show(),
    onBatch: () => show(),
    onState: (state) => bar.state(state),
  })
  const older = element(document, '[data-older]', HTMLElement)
  keepOlder(older, feed, { loaded: () => show('later'), failed: () => bar.say(words.olderFailed) })

  function show(admission: Admission = bar.paused ? 'later' : 'at-the-top'): readonly HTMLElement[] {
    showChannel(channel())
    const { waiting, admitted } = posts.sync(feed.posts, admission)
    bar.waiting(waiting)
    if (admission !== 'now') bar.admitted(admitted.length)
    older.hidden = !feed.hasOlder
    showWhetherEmpty(posts.size)
    return admitted
  }

  /** The reader asked for them, so here, and here only, focus and scroll position go where the new posts are. */
  function showWaiting(): void {
    const [first] = show('now')
    if (first === undefined) return
    first.tabIndex = -1
    first.focus({ preventScroll: true })
    first.scrollIntoView({ block: 'start' })
  }
}

/** A page of older posts, or of one: what it shows is kept true, and nothing is added. */
function keepPart({ snapshot }: Embedded): void {
  let { channel } = snapshot
  const alone = document.querySelector('[data-older]') === null
  const posts = new PostList(
    list,
    (post) => articleOf(post, channel, alone ? 'alone' : 'list'),
    () => 0,
  )

  follow(location.origin, channel.id, {
    snapshot,
    // The feed had to start over, so what happened to the posts of this page is not known: the server renders it anew.
    onSnapshot: () => {
      setTimeout(() => location.reload(), Math.random() * reloadSpreadMs)
    },
    onBatch: (batch) => {
      for (const change of batch.changes) if (change.type === 'channel.updated') channel = change.channel
      showChannel(channel)
      const touched = postsOf(batch).filter((post) => posts.has(post))
      posts.update(touched)
      if (alone) for (const post of touched) showPostInHead(post, channel)
    },
  })
}

function postsOf(batch: Batch): Post[] {
  return batch.changes.flatMap((change) => (change.type === 'channel.updated' ? [] : [change.post]))
}

/** Older posts come into the same list; without the script the link leads to a page of them. */
function keepOlder(turn: HTMLElement, feed: Feed, on: { loaded(): void; failed(): void }): void {
  const link = element(turn, 'a', HTMLAnchorElement)
  let loading = false
  const load = async () => {
    try {
      await feed.loadOlder()
      on.loaded()
    } catch {
      on.failed()
    } finally {
      loading = false
      list.removeAttribute('aria-busy')
    }
  }
  link.addEventListener('click', (event) => {
    // A click that asks for a new tab or window keeps its meaning.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    if (loading) return
    loading = true
    list.setAttribute('aria-busy', 'true')
    void load()
  })
}

/** A feed without an article is none (WAI-ARIA 1.2, "feed"). */
function showWhetherEmpty(size: number): void {
  element(document, '[data-empty]', HTMLElement).hidden = size > 0
  if (size > 0 && !list.hasAttribute('role')) {
    list.setAttribute('role', 'feed')
    list.setAttribute('aria-label', wordsFor(document.documentElement.lang).posts)
  } else if (size === 0) {
    list.removeAttribute('role')
    list.removeAttribute('aria-label')
  }
}
