/** What runs in the reader's browser: it takes the page over from where the server rendered it, and keeps it current. */
import { type Feed, FeedError, follow } from '../../client/index.ts'
import type { Batch, Snapshot } from '../../wire/batch.ts'
import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import { attempt } from './attempt.ts'
import { articleMakers, element, showChannel, showOwnTimes, showPostInHead, takeEmbedded } from './document.ts'
import { LiveBar } from './live-bar.ts'
import { type Admission, PostList, type Synced } from './post-list.ts'
import { wordsFor } from './words.ts'

/** Readers whose page is reloaded at the same moment come back spread over this time. */
const reloadSpreadMs = 5_000

const list = element(document, '#posts', HTMLElement)
const embedded = takeEmbedded()
const address = new URL(location.href)
const id = embedded?.snapshot.channel.id ?? address.pathname.split('/')[2] ?? ''
const newest = address.pathname.split('/').length === 3 && !address.searchParams.has('before')
if (embedded === undefined ? newest : embedded.view === 'newest') keepNewest(embedded?.snapshot)
else keepPart(embedded?.snapshot)

/**
 * The reader page: the list of the feed, whole. It follows before it does anything else, so that nothing which fails in
 * showing the page keeps changes from it. Without a snapshot (the page's end was lost) the feed brings one.
 */
function keepNewest(snapshot: Snapshot | undefined): void {
  let bar: LiveBar | undefined
  let older: HTMLElement | undefined
  const feed = follow(location.origin, id, {
    ...(snapshot === undefined ? {} : { snapshot }),
    onSnapshot: () => {
      posts.distrustVersions()
      show()
    },
    onBatch: () => show(),
    onState: (state) => bar?.state(state),
    onSlowed: (slowed) => attempt('that posts come more slowly', () => bar?.slowed(slowed)),
  })
  const channel = () => known(feed.channel)
  const posts = new PostList(list, articleMakers(channel, 'list'), () => bar?.coveredPx ?? 0)
  const words = wordsFor(document.documentElement.lang)
  bar = attempt(
    'the line above the posts',
    () => new LiveBar(words, { showNew: () => showWaiting(), pause: () => show() }),
  )
  older = attempt('the link to older posts', () => {
    const turn = element(document, '[data-older]', HTMLElement)
    keepOlder(turn, feed, {
      loaded: () => show('later'),
      failed: (error) => bar?.say(isBusy(error) ? words.olderBusy : words.olderFailed),
    })
    return turn
  })
  if (snapshot !== undefined) attempt("the reader's own times", () => showOwnTimes(document, snapshot.channel))

  function show(admission: Admission = bar?.paused ? 'later' : 'at-the-top'): readonly HTMLElement[] {
    const { waiting, admitted } = attempt('a change', () => posts.sync(feed.posts, admission)) ?? nothing
    attempt('the channel', () => showChannel(channel()))
    attempt('what is new', () => {
      bar?.waiting(waiting)
      if (admission !== 'now') bar?.admitted(admitted.length)
      if (older !== undefined) older.hidden = !feed.hasOlder
      showWhetherEmpty(posts.size)
    })
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
function keepPart(snapshot: Snapshot | undefined): void {
  const alone = document.querySelector('[data-older]') === null
  const feed = follow(location.origin, id, {
    ...(snapshot === undefined ? {} : { snapshot }),
    onSnapshot: (fresh, why) => {
      if (why === 'start') take([...fresh.pinned, ...fresh.posts])
      // The feed had to start over, so what happened to the posts of this page is not known: the server renders it again.
      else setTimeout(() => location.reload(), Math.random() * reloadSpreadMs)
    },
    onBatch: (batch) => take(postsOf(batch)),
  })
  const channel = () => known(feed.channel)
  const posts = new PostList(list, articleMakers(channel, alone ? 'alone' : 'list'), () => 0)
  if (snapshot !== undefined) attempt("the reader's own times", () => showOwnTimes(document, snapshot.channel))

  function take(changed: readonly Post[]): void {
    const touched = changed.filter((post) => posts.has(post))
    attempt('a change', () => posts.update(touched))
    attempt('the title', () => {
      if (alone) for (const post of touched) showPostInHead(post, channel())
    })
    attempt('the channel', () => showChannel(channel()))
  }
}

const nothing: Synced = { waiting: 0, admitted: [] }

/** A feed has its channel before it tells of anything. */
function known(channel: Channel | null): Channel {
  if (channel === null) throw new Error('The feed has no channel yet.')
  return channel
}

function postsOf(batch: Batch): Post[] {
  return batch.changes.flatMap((change) => (change.type === 'channel.updated' ? [] : [change.post]))
}

/** Older posts come into the same list; without the script the link leads to a page of them. */
function keepOlder(turn: HTMLElement, feed: Feed, on: { loaded(): void; failed(error: unknown): void }): void {
  const link = element(turn, 'a', HTMLAnchorElement)
  let loading = false
  const load = async () => {
    try {
      await feed.loadOlder()
      on.loaded()
    } catch (error) {
      on.failed(error)
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

/** Whether the server is there, and refused only because too many ask. */
function isBusy(error: unknown): boolean {
  return error instanceof FeedError && error.problem.status === 429
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
