import { answers } from './answers.ts'
import { commands } from './commands.ts'
import { deflate } from './deflate.ts'
import { deliveries } from './deliveries.ts'
import { followers } from './followers.ts'
import type { Measure } from './measure.ts'
import { returns } from './returns.ts'
import { storm } from './storm.ts'
import { twoWorkers } from './workers.ts'

export const measures: readonly Measure[] = [
  deliveries,
  followers,
  answers,
  storm,
  deflate,
  returns,
  commands,
  twoWorkers,
]
