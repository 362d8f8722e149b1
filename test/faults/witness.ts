import type { Batch, Snapshot } from '../../src/wire/batch.ts'
import { deliveryOf, readDelivery } from './delivery.ts'
import type { Delivery, FollowerRecord, Given } from './record.ts'

/** A follower's notebook: all that it was given, in the order in which it came. It judges nothing. */
export class Witness implements FollowerRecord {
  readonly name: string
  readonly given: Given[] = []
  epoch = ''
  offset = -1

  constructor(name: string) {
    this.name = name
  }

  /** Where it stands; null before its first snapshot. */
  get cursor(): string | null {
    return this.offset < 0 ? null : `${this.epoch}:${this.offset}`
  }

  /** Takes a batch or a snapshot as the JSON text that came. */
  takeText(text: string, askedMs: number | null): void {
    this.#take(readDelivery(text), askedMs)
  }

  takeValue(value: Batch | Snapshot, askedMs: number | null): void {
    this.#take(deliveryOf(value), askedMs)
  }

  #take(delivery: Delivery, askedMs: number | null): void {
    // A batch that brings nothing says that the follower is where the log is; there is nothing in it to judge.
    if (delivery.kind === 'batch' && delivery.to === delivery.from && delivery.from === this.offset) return
    this.given.push({ delivery, askedMs })
    this.epoch = delivery.epoch
    this.offset = delivery.kind === 'snapshot' ? delivery.to : Math.max(this.offset, delivery.to)
  }
}
