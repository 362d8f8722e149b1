import type { Socket } from 'node:net'

/** What an attack did, and what came of it. */
export interface Attacked {
  /** Frames, requests or connections that were tried. */
  readonly inputs: number
  /** What came of them, by what it was. */
  readonly counts: Readonly<Record<string, number>>
}

/** What runs in the attacker's process. Its connections stay open until that process ends. */
export type Attack<O> = (port: number, options: O, held: Socket[]) => Promise<Attacked>
