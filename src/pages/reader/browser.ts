/** What runs in the reader's browser: it takes the page over from where the server rendered it, and keeps it current. */
import { type Feed, FeedError, follow } from '../../client/index.ts'
import type { Batch, Snapshot } from '../../wire/batch.ts'
import type { Channel } from '../../wire/channel.ts'
import type { Post } from '../../wire/post.ts'
import { attempt } from './attempt.ts'
import { articleMakers, element, showChannel, showOwnTimes, showPostInHead, takeEmbedded } from './document.ts'
import { GapMarks } from './gap-marks.ts'
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
  const words = wordsFor(document.documentElement.lang)
  const marks = new GapMarks(words, (gap, mark) =>
    attempt('posts in between', () => goTo(posts.open(gap, mark, sideOf(mark)))),
  )
  const posts = new PostList(list, {
    makers: articleMakers(channel, 'list'),
    posts: snapshot === undefined ? [] : [...snapshot.pinned, ...snapshot.posts],
    marks,
    edge: () => bar?.coveredPx ?? 0,
  })
  bar = attempt(
    'the line above the posts',
    () => new LiveBar(words, { showNew: () => showWaiting(), pause: () => show() }),
  )
  // Of a channel that is not live the feed has said what is so before there was a bar.
  bar?.state(feed.state)
  older = attempt('the link to older posts', () => {
    const turn = element(document, '[data-older]', HTMLElement)
    keepOlder(turn, feed, {
      loaded: () => show('later'),
      failed: (error) => bar?.say(isBusy(error) ? words.olderBusy : words.olderFailed),
    })
    return turn
  })
  if (snapshot !== undefined) attempt("the reader's own times", () => showOwnTimes(document, snapshot.channel))
  settleWhenStill(() => attempt('what had to wait', () => posts.settle()))
  // What came while the page was hidden goes in when the reader is back, and sees it come.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && feed.channel !== null) show()
  })

  function show(admission: Admission = bar?.paused || document.hidden ? 'later' : 'at-the-top') {
    const synced = attempt('a change', () => posts.sync(feed.posts, admission)) ?? nothing
    // What the reader asked for needs no telling.
    const admitted = admission === 'now' ? 0 : synced.admitted
    attempt('the channel', () => showChannel(channel()))
    attempt('what is new', () => {
      bar?.changed({ ...synced, admitted })
      showInTitle(synced.waiting)
      if (older !== undefined) older.hidden = !feed.hasOlder
      showWhetherEmpty(posts.size)
    })
    return synced.first
  }

  /** The reader asked for them, so here focus and scroll position go where the new posts are. */
  function showWaiting(): void {
    const first = show('now')
    goTo(first)
    first?.scrollIntoView({ block: 'start' })
  }
}

function goTo(article: HTMLElement | undefined): void {
  if (article === undefined) return
  article.tabIndex = -1
  article.focus({ preventScroll: true })
}

/** Those who come to a mark from above go on with the newest posts of the gap; if nothing is above it, with the oldest. */
function sideOf(mark: HTMLElement): 'newest' | 'oldest' {
  const above = mark.previousElementSibling
  return above === null || above.classList.contains('pinned') ? 'oldest' : 'newest'
}

const stillMs = 500

/** Calls once the reader has stopped scrolling. Browsers of today tell of that, and not all of those that we serve do. */
function settleWhenStill(settle: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = () => {
    clearTimeout(timer)
    timer = setTimeout(settle, stillMs)
  }
  addEventListener('scroll', wait, { passive: true })
}

const untitled = document.title

/** Readers with many tabs see in the title that posts wait. */
function showInTitle(waiting: number): void {
  const title = waiting === 0 ? untitled : `(${waiting}) ${untitled}`
  if (document.title !== title) document.title = title
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
  const marks = new GapMarks(wordsFor(document.documentElement.lang), () => undefined)
  const makers = articleMakers(channel, alone ? 'alone' : 'list')
  const posts = new PostList(list, { makers, posts: [], marks, edge: () => 0 })
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

const nothing: Synced = { waiting: 0, admitted: 0, first: undefined, corrected: 0, takenBack: 0 }

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
