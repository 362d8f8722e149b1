import { deserialize, serialize } from 'node:v8'
import { Registry } from '@prometheus-io/client'

export interface MetricsText {
  readonly contentType: string
  metrics(): Promise<string>
}

/** A process's metrics as its neighbours take them. JSON would make nothing of NaN. */
export async function encodeMetrics(metrics: Registry): Promise<Buffer> {
  return serialize(await metrics.getMetricsAsJSON())
}

/**
 * The metrics of a node of several processes: each metric's figures are put together as its `aggregator` says, by
 * default summed. The client's own registry for clusters asks by way of the primary and fails as a whole where one
 * process hangs; here `others` gives those that answered.
 */
export function nodeMetrics(own: Registry, others: () => Promise<readonly Buffer[]>): MetricsText {
  return {
    contentType: own.contentType,
    metrics: async () => {
      const [mine, theirs] = await Promise.all([own.getMetricsAsJSON(), others()])
      const all: object[] = [mine, ...theirs.map((encoded): object => deserialize(encoded))]
      return await Registry.aggregate(all).metrics()
    },
  }
}
