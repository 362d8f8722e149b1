import { fuzzSeed } from '../../feed/websocket/fuzz-inputs.ts'
import type { Abuse } from './abuse.ts'

/** Whole connections, of what a fuzzer makes. */
export const fuzzAbuses: readonly Abuse[] = [
  {
    name: 'fuzzed connections',
    bounds: (scale) => ({ rssGrowthMbMax: scale === 'full' ? 128 : 96 }),
    run: async (scene, scale) => {
      const count = scale === 'full' ? 20_000 : 2_000
      const { inputs, counts } = await scene.attack('fuzz', { seed: fuzzSeed, count })
      const { 'left open': leftOpen = 0, 'not taken': notTaken = 0, ...first } = counts
      return {
        inputs,
        zeros: { 'connections left open': leftOpen, 'connections not taken': notTaken },
        told: { seed: fuzzSeed, ...first },
      }
    },
  },
]
