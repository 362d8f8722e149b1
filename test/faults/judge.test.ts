import assert from 'node:assert/strict'
import test from 'node:test'
import { markerOf } from './delivery.ts'
import type { Counts } from './findings.ts'
import { isClean, judge, type Verdict } from './judge.ts'
import type { Acknowledged, Deed, Final, FinalPost } from './record.ts'
import { Witness } from './witness.ts'

const kept = 10

/** A coverage as a server without faults would tell it: each write's text on the wire, and what was acknowledged. */
class Double {
  readonly epoch: string
  readonly acknowledged: Acknowledged[] = []
  /** The batches, one for each write, as the JSON texts that followers are given. */
  readonly texts: string[] = []
  readonly posts = new Map<string, FinalPost>()

  /** After a failover: these changes are in the log already, and of the epoch in which they were acknowledged. */
  constructor(epoch = 'born', survived: readonly Acknowledged[] = []) {
    this.epoch = epoch
    for (const write of survived) {
      this.write(write.deed, write.post, write.id)
      this.acknowledged.splice(-1, 1, write)
    }
    if (survived.length > 0) return
    for (let post = 1; post <= 6; post++) {
      this.write('publish', post)
      this.write('edit', post)
    }
    this.write('pin', 3)
    this.write('retract', 2)
    this.write('publish', 7)
    this.write('edit', 4)
  }

  write(deed: Deed, post: number, id = `post-${post}-of-${this.epoch}`): void {
    const before = this.posts.get(id)
    const version = (before?.version ?? 0) + 1
    const offset = this.acknowledged.length + 1
    const marker = deed === 'publish' || deed === 'edit' ? markerOf(post, version) : ''
    const retracted = deed === 'retract'
    const markers = retracted ? [] : marker === '' ? (before?.markers ?? []) : [marker]
    this.posts.set(id, { version, retracted, pinned: deed === 'pin', markers })
    const times = { askedMs: offset * 10, ackedMs: offset * 10 + 5 }
    this.acknowledged.push({ post, deed, marker, id, version, epoch: this.epoch, offset, ...times })
    this.texts.push(this.batch(offset, [{ offset, id, version, markers }]))
  }

  batch(to: number, posts: readonly { offset: number; id: string; version: number; markers: readonly string[] }[]) {
    const changes = posts.map(({ offset, id, version, markers }) => ({
      offset,
      type: 'post.updated',
      post: { offset, id, version, headline: markers.join(' ') },
    }))
    return JSON.stringify({ channel: 'double', epoch: this.epoch, from: to - 1, to, changes })
  }

  snapshot(offset: number): string {
    return JSON.stringify({ cursor: `${this.epoch}:${offset}`, pinned: [], posts: [] })
  }

  final(changed: Partial<Final> = {}): Final {
    return { epoch: this.epoch, offset: this.acknowledged.length, posts: this.posts, texts: new Set(), ...changed }
  }

  /** A follower from the first change on that is given these texts. */
  follower(texts: readonly string[] = this.texts): Witness {
    const witness = new Witness('follower')
    witness.takeText(this.snapshot(0), 0)
    for (const text of texts) witness.takeText(text, null)
    return witness
  }

  verdict(witness: Witness, final = this.final(), unknown = 0): Verdict {
    return judge({ acknowledged: this.acknowledged, unknown }, [witness], final, { kept })
  }

  text(offset: number): string {
    return this.texts[offset - 1] ?? ''
  }
}

function assertFound(verdict: Verdict, found: Partial<Counts>): void {
  const { lost, repeated, reordered, gaps, leaked } = verdict
  const none = { lost: 0, repeated: 0, reordered: 0, gaps: 0, leaked: 0 }
  assert.deepEqual({ lost, repeated, reordered, gaps, leaked }, { ...none, ...found }, verdict.notes.join('\n'))
  assert.equal(isClean(verdict), Object.keys(found).length === 0)
}

test('where nothing goes wrong the judge finds nothing, and has looked at each change', () => {
  const double = new Double()
  const verdict = double.verdict(double.follower())
  assertFound(verdict, {})
  assert.equal(verdict.deliveries, double.texts.length)
  assert.equal(verdict.acknowledged, double.texts.length)
})

test('a batch that is dropped is a gap', () => {
  const double = new Double()
  assertFound(double.verdict(double.follower(double.texts.toSpliced(4, 1))), { gaps: 1 })
})

test('a follower that ends short of the log is a gap', () => {
  const double = new Double()
  assertFound(double.verdict(double.follower(double.texts.slice(0, -1))), { gaps: 1 })
})

test('a change that is left out of its batch is lost', () => {
  const double = new Double()
  assertFound(double.verdict(double.follower(double.texts.with(-1, double.batch(double.texts.length, [])))), {
    lost: 1,
  })
})

test('a batch that is given twice is repeated, at once or later', () => {
  const double = new Double()
  assertFound(double.verdict(double.follower(double.texts.toSpliced(5, 0, double.text(5)))), { repeated: 1 })
  assertFound(double.verdict(double.follower(double.texts.toSpliced(9, 0, double.text(5)))), { repeated: 1 })
})

test('two batches that are swapped are reordered', () => {
  const double = new Double()
  const swapped = double.texts.with(4, double.text(6)).with(5, double.text(5))
  assertFound(double.verdict(double.follower(swapped)), { reordered: 1 })
})

test('a version that is older than one given before is reordered', () => {
  const double = new Double()
  const old = { offset: 16, id: 'post-4-of-born', version: 1, markers: [] }
  // It holds version 2 where it should hold version 3, so that the edit is lost to it as well.
  assertFound(double.verdict(double.follower(double.texts.with(15, double.batch(16, [old])))), {
    reordered: 1,
    lost: 1,
  })
})

test('a snapshot that is older than what is held is reordered', () => {
  const double = new Double()
  const witness = double.follower(double.texts.slice(0, 8))
  for (const text of [double.snapshot(6), ...double.texts.slice(6)]) witness.takeText(text, 100)
  assertFound(double.verdict(witness), { reordered: 1 })
})

test('a retracted text past the offset of its retraction is leaked', () => {
  const double = new Double()
  const leak = { offset: 15, id: 'post-7-of-born', version: 1, markers: [markerOf(7, 1), markerOf(2, 1)] }
  assertFound(double.verdict(double.follower(double.texts.with(14, double.batch(15, [leak])))), { leaked: 1 })
})

test('a retracted text in an answer to a question that was asked after the retraction is leaked, whatever its offset', () => {
  const double = new Double()
  const before = double.follower(double.texts.slice(0, 3))
  const after = double.follower(double.texts.slice(0, 3))
  before.takeText(double.text(4), 140)
  after.takeText(double.text(4), 146)
  for (const witness of [before, after]) for (const text of double.texts.slice(4)) witness.takeText(text, null)
  assertFound(double.verdict(before), {})
  assertFound(double.verdict(after), { leaked: 1 })
})

test('a retracted text in a public answer at the end is leaked', () => {
  const double = new Double()
  assertFound(double.verdict(double.follower(), double.final({ texts: new Set([2, 3]) })), { leaked: 1 })
})

test('an acknowledged write that is not in the final state is lost: a post, an edit, a pin or a retraction', () => {
  const double = new Double()
  const without = (id: string, post: FinalPost | null) => {
    const posts = new Map(double.posts)
    posts.delete(id)
    if (post !== null) posts.set(id, post)
    return double.verdict(double.follower(), double.final({ posts }))
  }
  const published = { retracted: false, pinned: false }
  assertFound(without('post-7-of-born', null), { lost: 1 })
  assertFound(without('post-5-of-born', { ...published, version: 2, markers: [markerOf(5, 1)] }), { lost: 1 })
  assertFound(without('post-3-of-born', { ...published, version: 3, markers: [markerOf(3, 2)] }), { lost: 1 })
  assertFound(without('post-2-of-born', { ...published, version: 3, markers: [] }), { lost: 1 })
})

test('a write that was made twice is repeated, unless a write of unknown outcome may have made it', () => {
  const double = new Double()
  const witness = double.follower()
  const extra = double.batch(17, [{ offset: 17, id: 'post-8-of-born', version: 1, markers: [markerOf(8, 1)] }])
  witness.takeText(extra, null)
  const post = { version: 1, retracted: false, pinned: false, markers: [markerOf(8, 1)] }
  const posts = new Map(double.posts).set('post-8-of-born', post)
  const final = double.final({ offset: 17, posts })
  assertFound(double.verdict(witness, final, 1), {})
  assertFound(double.verdict(witness, final), { repeated: 1 })
  const again = double.final({ offset: 17, posts: new Map(posts).set('post-9-of-born', post) })
  assertFound(double.verdict(witness, again, 1), { repeated: 1 })
})

test('a log that is born again is no loss to those who were told to start over, and a gap to those who were not', () => {
  const old = new Double()
  const born = new Double('again')
  const told = old.follower()
  told.takeText(born.snapshot(0), 1_000)
  const untold = old.follower()
  for (const witness of [told, untold]) for (const text of born.texts) witness.takeText(text, null)
  const acknowledged = [...old.acknowledged, ...born.acknowledged]
  const verdict = judge({ acknowledged, unknown: 0 }, [told], born.final(), { kept })
  assertFound(verdict, {})
  assert.deepEqual([verdict.startedOver, verdict.startedOverInVain], [1, 0])
  assertFound(judge({ acknowledged, unknown: 0 }, [untold], born.final(), { kept }), { gaps: 1 })
  assertFound(judge({ acknowledged, unknown: 0 }, [old.follower()], born.final(), { kept }), { gaps: 1 })
})

test('a follower that is told to start over, though the log reaches back to its cursor or is the same, is told in vain', () => {
  const double = new Double()
  const start = (at: number, snapshot: string, askedMs: number | null = 1_000) => {
    const witness = double.follower(double.texts.slice(0, at))
    witness.takeText(snapshot, askedMs)
    const { startedOver, startedOverInVain } = double.verdict(witness)
    return [startedOver, startedOverInVain]
  }
  assert.deepEqual(start(4, double.snapshot(16)), [1, 0])
  assert.deepEqual(start(6, double.snapshot(16)), [1, 1])
  assert.deepEqual(start(6, double.snapshot(6)), [1, 1])
  // There is no other log than this one.
  assert.deepEqual(start(4, new Double('other').snapshot(16)), [1, 1])
  // A library's feed that is opened anew has no cursor to ask by.
  assert.deepEqual(start(6, double.snapshot(16), null), [0, 0])
})

test('where a log loses its end, what was before it stands, and what was lost is no fault', () => {
  // Its first ten changes survive; the retraction of post 2, at offset 14, is among those that don't.
  const standsTo = 10
  const old = new Double()
  const after = new Double('after', old.acknowledged.slice(0, standsTo))
  for (const post of [8, 9, 10, 11]) after.write('publish', post)
  const told = old.follower()
  told.takeText(after.snapshot(standsTo), 1_000)
  for (const text of after.texts.slice(standsTo)) told.takeText(text, null)
  const writes = { acknowledged: [...old.acknowledged, ...after.acknowledged.slice(standsTo)], unknown: 0 }
  const final = after.final({ texts: new Set([2]) })
  const verdict = judge(writes, [told], final, { kept, standsTo })
  assertFound(verdict, {})
  assert.equal(verdict.gone, old.acknowledged.length - standsTo)

  // Whoever was not told has other changes under the same offsets.
  const untold = old.follower(old.texts.slice(0, 11))
  for (const text of after.texts.slice(11)) untold.takeText(text, null)
  assertFound(judge(writes, [untold], final, { kept, standsTo }), { gaps: 1 })
  // What came before the end must stand.
  const posts = new Map(after.posts)
  posts.delete('post-1-of-born')
  assertFound(judge(writes, [told], after.final({ posts }), { kept, standsTo }), { lost: 2 })
})

test('a retraction that survives a failover binds what is given after it', () => {
  const old = new Double()
  const after = new Double('after', old.acknowledged)
  after.write('publish', 8)
  const told = old.follower()
  told.takeText(after.snapshot(16), 1_000)
  const leak = { offset: 17, id: 'post-8-of-after', version: 1, markers: [markerOf(8, 1), markerOf(2, 1)] }
  told.takeText(after.batch(17, [leak]), null)
  const standing = { kept, standsTo: Number.POSITIVE_INFINITY }
  assertFound(judge({ acknowledged: after.acknowledged, unknown: 0 }, [told], after.final(), standing), { leaked: 1 })
})
