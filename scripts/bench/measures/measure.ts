import type { ServerKind, ServerName } from '../servers/server.ts'

export const allPeers = ['floor', 'Nchan', 'Socket.IO', 'Socket.IO, Redis Streams'] as const

/** How large the audiences are, and how long things go on. */
export interface Sizes {
  /** 15,000, unless told otherwise. */
  readonly large: number
  /** A third of that. */
  readonly small: number
  readonly posts: number
  /** How long followers stay before memory is read. */
  readonly stayMs: number
  readonly stormMs: number
  /** Answers to publishing that are timed. */
  readonly answers: number
}

interface Figure {
  readonly title: string
  readonly unit: string
}

/** Figures of one run, by name; null where there is nothing to tell. */
export type Readings<Name extends string = string> = Readonly<Record<Name, number | null>>

export interface Measure<Name extends string = string> {
  readonly name: string
  readonly about: (sizes: Sizes) => string
  /** Those besides Wirecopy that can do this. */
  readonly peers: readonly ServerName[]
  readonly figures: Readonly<Record<Name, Figure>>
  /** Why it can't be made with this server as it is; null where it can. */
  readonly lacking?: () => string | null
  run(kind: ServerKind, sizes: Sizes): Promise<Readings<Name>>
}

/** Keeps the names of a measure's figures, so that none is left out of what it gives. */
export function measure<Name extends string>(one: Measure<Name>): Measure<Name> {
  return one
}
