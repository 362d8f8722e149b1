import type { Findings } from './findings.ts'
import type { Acknowledged, Delivery, Final, FollowerRecord, Given } from './record.ts'
import type { Retractions } from './retractions.ts'

/** Goes through what one follower was given, and then compares what it holds with what was acknowledged. */
export function judgeFollower(
  follower: FollowerRecord,
  standing: readonly Acknowledged[],
  retractions: Retractions,
  final: Final,
  findings: Findings,
  keeping: Keeping,
): void {
  const walk = new Walk(follower.name, findings, keeping)
  for (const given of follower.given) {
    walk.take(given)
    for (const post of retractions.leakedIn(given)) {
      findings.add('leaked', `${follower.name} was given text of post ${post} at ${given.delivery.to}`)
    }
  }
  walk.end(final)
  walk.compare(standing, final)
}

/** What is known of the logs that there were. */
export interface Keeping {
  /** Changes that a log keeps, so that a cursor no further behind can be served. */
  readonly kept: number
  /** Whether there was but one log. */
  readonly stood: boolean
}

interface Range {
  readonly from: number
  readonly to: number
}

/** A plain fold of versions, which sorts each delivery by where it begins: where the follower is, before, or past it. */
class Walk {
  readonly #name: string
  readonly #findings: Findings
  readonly #keeping: Keeping
  readonly #versions = new Map<string, number>()
  #epoch = ''
  #offset = -1
  /** Where its last snapshot ended: what came before, a snapshot need not show. */
  #begunAt = -1
  #holes: Range[] = []
  readonly #gone: Range[] = []

  constructor(name: string, findings: Findings, keeping: Keeping) {
    this.#name = name
    this.#findings = findings
    this.#keeping = keeping
  }

  take({ delivery, askedMs }: Given): void {
    this.#findings.deliveries += delivery.seen.length
    if (delivery.kind === 'snapshot') {
      // Whoever was given a snapshot without asking by a cursor is a library's feed that was opened anew.
      if (this.#offset >= 0 && askedMs !== null) this.#startOver(delivery)
      this.#begin(delivery)
    } else this.#go(delivery, `${this.#name} at ${this.#offset} was given (${delivery.from}, ${delivery.to}]`)
  }

  /** What it never got is a gap, and so is what it lacks of the log's end. */
  end({ epoch, offset }: Final): void {
    this.#closeHoles()
    if (epoch !== this.#epoch || offset !== this.#offset) {
      const stands = `${this.#epoch}:${this.#offset}`
      this.#findings.add('gaps', `${this.#name} ended at ${stands}, the log at ${epoch}:${offset}`)
    }
  }

  /** What was told as a gap is not told again as lost. */
  compare(standing: readonly Acknowledged[], final: Final): void {
    if (final.epoch !== this.#epoch) return
    for (const { id, version, offset, deed, post } of standing) {
      if (offset <= this.#begunAt || offset > this.#offset || this.#gone.some((hole) => isIn(offset, hole))) continue
      if ((this.#versions.get(id) ?? 0) < version) {
        this.#findings.add('lost', `${this.#name} lacks the ${deed} of post ${post}, offset ${offset}`)
      }
    }
  }

  #go(delivery: Delivery, told: string): void {
    this.#judgeInside(delivery, told)
    if (this.#offset < 0 || delivery.epoch !== this.#epoch) {
      this.#findings.add('gaps', `${told} of log ${delivery.epoch}, being in log ${this.#epoch}`)
      this.#epoch = delivery.epoch
      this.#begunAt = delivery.to
      this.#offset = delivery.to
    } else if (delivery.from < this.#offset) this.#judgeLate(delivery, told)
    else if (delivery.from > this.#offset) this.#holes.push({ from: this.#offset, to: delivery.from })
    else this.#judgeVersions(delivery, told)
    this.#hold(delivery)
    this.#offset = Math.max(this.#offset, delivery.to)
  }

  /** The snapshot is of the head at the least to which the log was kept when the cursor was looked at. */
  #startOver({ epoch, to }: Delivery): void {
    const { kept, stood } = this.#keeping
    const inVain = epoch === this.#epoch ? to - this.#offset <= kept : stood
    this.#findings.addStart(inVain, `${this.#name} at ${this.#epoch}:${this.#offset}, from ${epoch}:${to}`)
  }

  #begin(snapshot: Delivery): void {
    if (snapshot.epoch === this.#epoch && snapshot.to < this.#offset) {
      this.#findings.add('reordered', `${this.#name} at ${this.#offset} was given a snapshot of ${snapshot.to}`)
    }
    this.#closeHoles()
    this.#gone.length = 0
    this.#versions.clear()
    this.#epoch = snapshot.epoch
    this.#offset = snapshot.to
    this.#begunAt = snapshot.to
    this.#hold(snapshot)
  }

  /** A batch that begins before where it stands was given already, unless it fills a hole: then it comes late. */
  #judgeLate(delivery: Delivery, told: string): void {
    const hole = this.#holes.find(({ from, to }) => delivery.from >= from && delivery.to <= to)
    if (hole === undefined) {
      this.#findings.add('repeated', told)
    } else {
      this.#findings.add('reordered', told)
      const left = [
        { from: hole.from, to: delivery.from },
        { from: delivery.to, to: hole.to },
      ]
      this.#holes = [...this.#holes.filter((other) => other !== hole), ...left.filter(({ from, to }) => from < to)]
    }
  }

  #judgeInside({ from, to, seen }: Delivery, told: string): void {
    let last = from
    for (const { offset } of seen) {
      if (offset === last) this.#findings.add('repeated', `${told} with offset ${offset} twice`)
      else if (offset < last || offset > to) this.#findings.add('reordered', `${told} with ${offset} after ${last}`)
      last = offset
    }
  }

  #judgeVersions({ seen }: Delivery, told: string): void {
    for (const { id, version } of seen) {
      const known = this.#versions.get(id) ?? 0
      if (version < known) this.#findings.add('reordered', `${told} with version ${version} of ${id} after ${known}`)
    }
  }

  #hold({ seen }: Delivery): void {
    for (const { id, version } of seen) this.#versions.set(id, Math.max(version, this.#versions.get(id) ?? 0))
  }

  #closeHoles(): void {
    for (const hole of this.#holes) {
      this.#findings.add('gaps', `${this.#name} never got (${hole.from}, ${hole.to}]`)
      this.#gone.push(hole)
    }
    this.#holes = []
  }
}

function isIn(offset: number, { from, to }: Range): boolean {
  return offset > from && offset <= to
}
