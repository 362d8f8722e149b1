import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from '../../src/client/failure.ts'
import { begin, transition } from '../../src/client/machine.ts'
import type { Command, FeedState, MachineEvent, MachineState, TimerName } from '../../src/client/machine-state.ts'
import {
  climbDelayMs,
  idleStartMs,
  leaveDelayMs,
  pollDelayMs,
  retryDelayMs,
  steerDelayMs,
  type Timing,
  timingDefaults,
  toldDelayMs,
} from '../../src/client/timing.ts'

const status = fc.constantFrom('scheduled' as const, 'live' as const, 'ended' as const)
const event: fc.Arbitrary<MachineEvent> = fc.oneof(
  fc.constantFrom<MachineEvent>(
    { kind: 'opened' },
    { kind: 'caught-up' },
    { kind: 'gap' },
    { kind: 'lost' },
    { kind: 'retry-due' },
    { kind: 'settled' },
    { kind: 'climb-due' },
    { kind: 'candidate-live' },
    { kind: 'candidate-lost' },
    { kind: 'candidate-lost', retryAfterMs: 1_000 },
    { kind: 'beside-due' },
    { kind: 'steer-due' },
    { kind: 'leave-due' },
    { kind: 'woke' },
    { kind: 'went-offline' },
  ),
  fc.record({ kind: fc.constant('status' as const), status }),
  fc.record({ kind: fc.constant('steered' as const), action: fc.constantFrom('reconnect' as const, 'poll' as const) }),
)
const rare = fc.constantFrom<MachineEvent>({ kind: 'refused' }, { kind: 'close' })
const events = fc.array(fc.oneof({ weight: 60, arbitrary: event }, { weight: 1, arbitrary: rare }), {
  maxLength: 120,
  size: 'max',
})

/** What the commands add up to: the lines that are open and the timers that run. */
class Bench {
  line = false
  /** The line polls now and then. */
  idle = false
  candidate = false
  released = false
  readonly timers = new Set<TimerName>()

  do(command: Command): void {
    assert.equal(this.released, false, 'nothing is asked for after the release')
    switch (command.do) {
      case 'open':
        assert.equal(this.line, false, 'a line is opened over an open one')
        this.line = true
        this.idle = false
        break
      case 'open-idle':
        assert.equal(this.line, false, 'a line is opened over an open one')
        this.line = true
        this.idle = true
        break
      case 'drop':
        assert.ok(this.line)
        this.line = false
        this.idle = false
        break
      case 'refollow':
        assert.ok(this.line)
        break
      case 'open-candidate':
        assert.equal(this.candidate, false)
        this.candidate = true
        break
      case 'drop-candidate':
        assert.ok(this.candidate)
        this.candidate = false
        break
      case 'promote':
        assert.ok(this.candidate)
        this.candidate = false
        this.line = true
        this.idle = false
        break
      case 'start':
        this.timers.add(command.timer)
        break
      case 'stop':
        this.timers.delete(command.timer)
        break
      case 'remember':
        break
      case 'release':
        this.released = true
        this.line = false
        this.idle = false
        this.candidate = false
        this.timers.clear()
        break
    }
  }

  /** Whether the event can come now: lines that are not open tell nothing, timers that don't run are not due. */
  allows({ kind }: MachineEvent): boolean {
    switch (kind) {
      case 'opened':
      case 'caught-up':
      case 'gap':
      case 'lost':
      case 'refused':
      case 'steered':
        return this.line
      case 'candidate-live':
      case 'candidate-lost':
        return this.candidate
      case 'retry-due':
        return this.timers.delete('retry')
      case 'settled':
        return this.timers.delete('settle')
      case 'climb-due':
        return this.timers.delete('climb')
      case 'steer-due':
        return this.timers.delete('steer')
      case 'beside-due':
        return this.timers.delete('beside')
      case 'leave-due':
        return this.timers.delete('leave')
      case 'status':
      case 'woke':
      case 'went-offline':
      case 'close':
        return true
    }
  }
}

const withLine: readonly FeedState[] = ['catching-up', 'live', 'behind']
const opening: readonly FeedState[] = ['connecting', 'offline', 'catching-up']
const byStatus: readonly FeedState[] = ['live', 'scheduled', 'ended']

/** The numbered invariants of machine-state.ts. */
function checkInvariants(before: MachineState, state: MachineState, bench: Bench, kind: MachineEvent['kind']): void {
  const { phase, rung, ladder, line, idle } = state
  assert.deepEqual([line, idle, state.candidate !== null], [bench.line, bench.idle, bench.candidate])
  if (withLine.includes(phase)) assert.ok(line, '1')
  if (phase === 'closed') assert.ok(!line && bench.released, '1')
  const waits = Number(bench.timers.has('retry')) + Number(bench.timers.has('steer'))
  if (!line && phase !== 'closed') assert.equal(waits, 1, '2')
  if (line) assert.ok(!bench.timers.has('retry'), '2')
  if (state.candidate !== null) assert.ok(line, '3')
  if (state.failures < before.failures) assert.ok(state.failures === 0 && kind === 'settled', '5')
  assert.ok(rung >= 0 && rung < ladder.rungs, '6')
  if (byStatus.includes(phase)) assert.equal(phase, state.status, '7')
  if (before.phase === 'closed') assert.equal(state, before, '8')
  if (bench.timers.has('beside')) assert.ok(line && opening.includes(phase), '9')
  if (line && !idle && opening.includes(phase) && state.untried > 0 && !state.steeredDown) {
    assert.ok(bench.timers.has('beside') || bench.candidate, '9')
  }
  assert.ok(state.untried >= 0 && state.untried < ladder.rungs, '9')
  if (idle) assert.ok(state.status !== 'live' && !bench.candidate, '10')
  if (line && !idle && byStatus.includes(phase) && phase !== 'live') assert.ok(bench.timers.has('leave'), '10')
  const { settleTimed, climbTimed, leaveTimed } = state
  const timed = [bench.timers.has('settle'), bench.timers.has('climb'), bench.timers.has('leave')]
  if (phase !== 'closed') assert.deepEqual([settleTimed, climbTimed, leaveTimed], timed)
  if (phase !== 'live') return
  // A feed that is live on a worse transport will try a better one.
  if (state.rung > 0) assert.ok(climbTimed || bench.candidate)
  // What is live and has not been so for long will settle, or fail.
  if (!state.settled) assert.ok(settleTimed)
}

test('the invariants hold after every event, in any order in which events can come', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(2), status, events, (rungs, first, known, sequence) => {
      const bench = new Bench()
      let { state, commands } = begin(rungs, known, first % rungs)
      for (const command of commands) bench.do(command)
      for (const one of sequence) {
        if (!bench.allows(one)) continue
        const before = state
        ;({ state, commands } = transition(state, one))
        for (const command of commands) bench.do(command)
        checkInvariants(before, state, bench, one.kind)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('events that come late, out of any order, are borne by every state', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), events, (rungs, sequence) => {
      const bench = new Bench()
      let { state, commands } = begin(rungs, 'live')
      for (const command of commands) bench.do(command)
      for (const one of sequence) {
        ;({ state, commands } = transition(state, one))
        for (const command of commands) bench.do(command)
        assert.deepEqual([state.line, state.candidate !== null], [bench.line, bench.candidate])
        assert.ok(state.rung >= 0 && state.rung < rungs)
      }
    }),
  )
})

function run(rungs: number, ...sequence: (MachineEvent | MachineEvent['kind'])[]): MachineState {
  let { state } = begin(rungs, 'live')
  for (const one of sequence) state = transition(state, toEvent(one)).state
  return state
}

function toEvent(one: MachineEvent | MachineEvent['kind']): MachineEvent {
  if (typeof one !== 'string') return one
  if (one === 'status') return { kind: one, status: 'ended' }
  return one === 'steered' ? { kind: one, action: 'reconnect' } : { kind: one }
}

test('two failed tries lead to the next transport, and past the last one the feed is offline', () => {
  assert.equal(run(3, 'lost').rung, 0)
  const fallen = run(3, 'lost', 'retry-due', 'lost')
  assert.deepEqual([fallen.phase, fallen.rung], ['connecting', 1])
  const all = run(3, ...(Array(5).fill(['lost', 'retry-due']).flat() as 'lost'[]), 'lost')
  assert.deepEqual([all.phase, all.rung], ['offline', 0])
  assert.equal(transition({ ...all, line: true }, { kind: 'lost' }).state.rung, 1)
})

test('a feed that wakes tries at once, the best transport first, and keeps what its failures have earned', () => {
  const all = run(3, ...(Array(6).fill(['lost', 'retry-due']).flat() as 'lost'[]), 'lost')
  assert.deepEqual([all.phase, all.rung], ['offline', 1])
  const { state, commands } = transition(all, { kind: 'woke' })
  assert.deepEqual([state.rung, state.failures], [0, 7])
  assert.deepEqual(commands, [{ do: 'start', timer: 'retry', soon: true }])
})

test('a line that keeps breaking soon after it is live counts as failing', () => {
  const flapping = ['opened', 'caught-up', 'lost', 'retry-due'] as const
  const state = run(3, ...flapping, ...flapping)
  assert.equal(state.rung, 1)
  assert.equal(state.failures, 2)
  assert.equal(run(3, 'opened', 'caught-up', 'settled', 'lost', 'retry-due', 'lost').rung, 0)
})

test('a line that shows gap after gap is given up', () => {
  const gap = ['gap', 'caught-up'] as const
  assert.equal(run(3, 'opened', 'caught-up', ...gap, ...gap, ...gap).phase, 'live')
  assert.equal(run(3, 'opened', 'caught-up', ...gap, ...gap, ...gap, 'gap').phase, 'connecting')
})

test('a line that is lost while a candidate opens leaves its place to it', () => {
  const down = ['lost', 'retry-due', 'lost', 'retry-due', 'opened', 'caught-up'] as const
  const state = run(3, ...down, 'climb-due', 'lost')
  assert.deepEqual([state.phase, state.rung, state.line, state.candidate], ['connecting', 0, true, null])
  assert.equal(transition(state, { kind: 'caught-up' }).state.phase, 'live')
})

test('a line that brings no answer is let go of when a transport beside it is live, which is remembered', () => {
  const hung = run(3, 'opened', 'beside-due')
  assert.deepEqual([hung.phase, hung.rung, hung.candidate], ['catching-up', 0, 1])
  const { state, commands } = transition(hung, { kind: 'candidate-live' })
  assert.deepEqual([state.phase, state.rung, state.candidate], ['live', 1, null])
  assert.ok(commands.some((command) => command.do === 'remember' && command.rung === 1))
})

test('each transport has one try in a round, the remembered one first', () => {
  const tried = [2]
  let { state } = begin(3, 'live', 2)
  for (let i = 0; i < 5; i++) {
    const step = transition(state, { kind: 'beside-due' })
    state = step.state
    for (const command of step.commands) if (command.do === 'open-candidate') tried.push(command.rung)
  }
  assert.deepEqual(tried, [2, 0, 1])
})

test('a server that asks to be left alone is not tried by another transport at once', () => {
  const hung = run(3, 'beside-due')
  const { state, commands } = transition(hung, { kind: 'candidate-lost', retryAfterMs: 5_000 })
  assert.equal(state.candidate, null)
  assert.ok(commands.every((command) => command.do !== 'open-candidate'))
  assert.equal(transition(state, { kind: 'beside-due' }).commands.length, 0)
})

test('what the server sent the client to is not remembered', () => {
  const steered = run(3, 'opened', 'caught-up', { kind: 'steered', action: 'poll' }, 'steer-due', 'candidate-live')
  assert.equal(steered.rung, 2)
  const { commands } = transition(steered, { kind: 'settled' })
  assert.ok(commands.every((command) => command.do !== 'remember'))
})

test('a client told when to come back does not come sooner', () => {
  const state = run(3, 'opened', 'caught-up', 'steered', 'lost')
  assert.deepEqual([state.phase, state.line], ['connecting', false])
  assert.equal(transition(state, { kind: 'woke' }).commands.length, 0)
  const due = transition(state, { kind: 'steer-due' })
  assert.ok(due.commands.some((command) => command.do === 'open'))
})

test('a feed that polls settles, however often it is told that it has all there is', () => {
  const live = run(1, 'opened', 'caught-up')
  assert.equal(live.settleTimed, true)
  // Started over with each poll, the timer would never be due, and failures would never be forgotten.
  assert.deepEqual(transition(live, { kind: 'caught-up' }).commands, [])
})

const inUse = ['opened', 'caught-up', 'settled'] as const

test('a channel that ends is followed for a while, then polled; opened again, it is connected to at once', () => {
  const ended = run(3, ...inUse, 'status')
  assert.deepEqual([ended.phase, ended.idle, ended.leaveTimed], ['ended', false, true])
  const reopened = transition(ended, { kind: 'status', status: 'live' })
  assert.deepEqual([reopened.state.phase, reopened.commands], ['live', [{ do: 'stop', timer: 'leave' }]])
  const left = transition(ended, { kind: 'leave-due' })
  assert.deepEqual(left.commands.slice(-2), [{ do: 'drop' }, { do: 'open-idle', waits: true }])
  const again = transition(left.state, { kind: 'status', status: 'live' })
  assert.deepEqual([again.state.phase, again.state.idle], ['connecting', false])
  assert.deepEqual(
    again.commands.filter((command) => command.do !== 'stop'),
    [{ do: 'drop' }, { do: 'open', rung: 0 }, { do: 'start', timer: 'beside' }],
  )
})

test('a feed that finds a channel ended lets go of its line at once, and one that knows it opens none', () => {
  const { state } = transition(run(3, 'opened', 'status'), { kind: 'caught-up' })
  assert.deepEqual([state.phase, state.idle], ['ended', true])
  const known = begin(3, 'scheduled')
  assert.deepEqual([known.state.phase, known.commands], ['scheduled', [{ do: 'open-idle', waits: false }]])
})

test('a poll of an ended channel that fails is no loss of the connection, but the third in a row is', () => {
  let { state } = begin(3, 'ended')
  const failing = (times: number) => {
    for (let i = 0; i < times; i++) {
      state = transition(state, { kind: 'lost' }).state
      state = transition(state, { kind: 'retry-due' }).state
    }
    return state.phase
  }
  assert.equal(failing(2), 'ended')
  for (const kind of ['opened', 'caught-up', 'settled'] as const) state = transition(state, { kind }).state
  assert.equal(failing(2), 'ended')
  assert.equal(failing(1), 'offline')
  for (const kind of ['opened', 'caught-up'] as const) state = transition(state, { kind }).state
  assert.equal(state.phase, 'ended')
})

test('a page of an ended channel that is shown asks at once, and says the same meanwhile', () => {
  const { state } = begin(3, 'ended')
  const woken = transition(state, { kind: 'woke' })
  assert.deepEqual([woken.state.phase, woken.commands], ['ended', [{ do: 'refollow' }]])
  const waiting = transition(state, { kind: 'lost' }).state
  assert.deepEqual(transition(waiting, { kind: 'woke' }).commands, [{ do: 'start', timer: 'retry', soon: true }])
})

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('no delay is negative or past its bound, whatever failed and whatever the server says', () => {
  const timing: Timing = timingDefaults
  const ms = fc.oneof(fc.double(), fc.constantFrom(99_999_999_000, Number.POSITIVE_INFINITY, Number.NaN, -1, 0))
  fc.assert(
    fc.property(fc.nat(5_000), ms, ms, fraction, fc.boolean(), (count, told, spread, random, flag) => {
      const within = (delay: number, most: number) => assert.ok(delay >= 0 && delay <= most, `${delay}`)
      const waitMs = toldDelayMs(told, timing, random)
      within(waitMs, timing.toldCapMs * 2)
      within(retryDelayMs(count, waitMs, timing, random), timing.toldCapMs * 2 + timing.retryCapMs)
      within(climbDelayMs(count, flag, timing, random), timing.climbCapMs)
      within(steerDelayMs({ afterMs: told, spreadMs: spread }, timing, random), timing.toldCapMs * 2)
      within(pollDelayMs(told, flag, timing, random), timing.toldCapMs * 1.1)
      within(idleStartMs(timing, random), timing.idlePollMs)
      within(leaveDelayMs(timing, random), timing.leaveSpreadMs)
    }),
  )
})

test('a wait that the server told is never cut short, and is spread by what was told', () => {
  const timing: Timing = timingDefaults
  const told = fc.double({ min: 0, max: timing.toldCapMs, noNaN: true })
  fc.assert(
    fc.property(fc.nat(100), told, fraction, fraction, (failures, toldMs, one, other) => {
      const waitMs = toldDelayMs(toldMs, timing, one)
      assert.ok(waitMs >= toldMs && waitMs <= toldMs * 2)
      assert.ok(retryDelayMs(failures, waitMs, timing, other) >= waitMs)
      // Two that were told the same are as far apart as chance has them, up to all of what they were told.
      const apartMs = Math.abs(toldDelayMs(toldMs, timing, other) - waitMs)
      assert.ok(Math.abs(apartMs - Math.abs(other - one) * toldMs) <= toldMs * 1e-9)
    }),
  )
})

test('told to come back past the cap, an audience is spread all the same', () => {
  const days = { afterMs: 86_400_000, spreadMs: 86_400_000 }
  const [first, last] = [0, 0.999].map((random) => steerDelayMs(days, timingDefaults, random)) as [number, number]
  assert.ok(last - first > timingDefaults.toldCapMs * 0.99)
})

test('a date to come back at counts from the date of the answer, whatever this clock says', () => {
  const retryAfter = (headers: Record<string, string>) => retryAfterMs(new Headers(headers))
  const date = 'Sun, 01 Mar 2026 21:00:00 GMT'
  assert.equal(retryAfter({ date, 'retry-after': 'Sun, 01 Mar 2026 21:00:30 GMT' }), 30_000)
  assert.equal(retryAfter({ date, 'retry-after': 'Sun, 01 Mar 2026 20:59:00 GMT' }), 0)
  assert.equal(retryAfter({ date, 'retry-after': ' 7 ' }), 7_000)
  for (const none of ['soon', '', '-1', '1.5 s']) assert.equal(retryAfter({ date, 'retry-after': none }), undefined)
  assert.equal(retryAfter({ date }), undefined)
})

test('by the usual delays, three transports are tried within 3 s, and a dead line is seen within 20 s', () => {
  const timing = timingDefaults
  assert.ok(timing.besideMs + timing.besideNextMs <= 3_000)
  assert.ok(timing.quietMs + timing.answerTimeoutMs < 20_000)
  assert.ok(timing.silenceMs < 20_000)
  assert.ok(pollDelayMs(0, false, timing, 0.999) + timing.openTimeoutMs < 20_000)
})

test('a retry waits up to twice as long as the one before, down to not at all', () => {
  const most = (failures: number) => retryDelayMs(failures, 0, timingDefaults, 0.999_999)
  for (let failures = 1; failures < 6; failures++) assert.ok(Math.abs(most(failures + 1) / most(failures) - 2) < 1e-9)
  assert.equal(retryDelayMs(9, 0, timingDefaults, 0), 0)
  assert.ok(most(50) <= timingDefaults.retryCapMs)
})
