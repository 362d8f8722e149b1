import type { Newsroom } from '../../test/browser/newsroom.ts'

/** A post as it is sent to the API. */
type SamplePost = Readonly<Record<string, unknown>> & { readonly headline: string }

/** The coverage that is on the pictures, in one language. */
export interface Sample {
  readonly language: string
  readonly timeZone: string
  readonly title: string
  readonly summary: string
  /** Oldest first. */
  readonly known: SamplePost
  readonly rumour: SamplePost
  readonly retraction: string
  readonly table: SamplePost
  readonly boats: SamplePost
  readonly correction: string
  /** The post that comes while the page is open. */
  readonly latest: SamplePost
}

/** All but the latest post; with a pin, a retraction and a correction. */
export async function publishSample(newsroom: Newsroom, sample: Sample): Promise<void> {
  await newsroom.pin(await newsroom.publish(sample.known))
  await newsroom.retract(await newsroom.publish(sample.rumour), sample.retraction)
  await newsroom.publish(sample.table)
  const boats = await newsroom.publish(sample.boats)
  await newsroom.edit(boats, { correction: { text: sample.correction } })
}
