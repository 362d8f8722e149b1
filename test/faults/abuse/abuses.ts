import type { Abuse } from './abuse.ts'
import { accessAbuses } from './access-abuses.ts'
import { bodyAbuses } from './body-abuses.ts'
import { crowdAbuses } from './crowd-abuses.ts'
import { fuzzAbuses } from './fuzz-abuses.ts'
import { httpAbuses } from './http-abuses.ts'
import { recordAbuses } from './record-abuses.ts'
import { retractionAbuses } from './retraction-abuses.ts'
import { websocketAbuses } from './websocket-abuses.ts'

/** Every abuse that is tried, in the order of the table. */
export const abuses: readonly Abuse[] = [
  ...websocketAbuses,
  ...httpAbuses,
  ...bodyAbuses,
  ...recordAbuses,
  ...accessAbuses,
  ...crowdAbuses,
  ...retractionAbuses,
  ...fuzzAbuses,
]
