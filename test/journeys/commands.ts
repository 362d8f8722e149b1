import fc from 'fast-check'
import type { Edit, PostFields } from '../helpers/model.ts'
import { type TransportName, transportNames } from '../helpers/transports.ts'

/** One thing that happens in a run. `node` is 0 or 1; `pick` and `who` choose among those there are. */
export type Command =
  | { readonly do: 'publish'; readonly node: number; readonly fields: PostFields }
  | { readonly do: 'publish at once'; readonly posts: readonly PostFields[] }
  | { readonly do: 'edit'; readonly node: number; readonly pick: number; readonly edit: Edit; readonly stale: boolean }
  | { readonly do: 'pin' | 'unpin'; readonly node: number; readonly pick: number }
  | { readonly do: 'retract'; readonly node: number; readonly pick: number; readonly reason: string }
  | { readonly do: 'rename'; readonly node: number; readonly title: string }
  | { readonly do: 'join'; readonly node: number; readonly transport: TransportName }
  | { readonly do: 'leave'; readonly who: number }
  | { readonly do: 'return'; readonly who: number; readonly node: number; readonly transport: TransportName }

export const tags = ['rescue', 'weather', 'Ünïcode tag']

const node = fc.nat({ max: 1 })
const pick = fc.nat({ max: 1_000 })
const transport = fc.constantFrom(...transportNames)
const headline = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }).map((text) => `H ${text}`.trim())
const some = {
  headline,
  tags: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 2 }),
  keyEvent: fc.boolean(),
  breaking: fc.boolean(),
}
const fields = fc.record(some, { requiredKeys: ['headline'] })
const edit = fc
  .record({ ...some, correction: fc.record({ text: headline }) }, { requiredKeys: [] })
  .filter((one) => Object.keys(one).length > 0)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('publish' as const), node, fields }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('publish at once' as const),
      posts: fc.array(fields, { minLength: 2, maxLength: 5 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('edit' as const), node, pick, edit, stale: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pin' as const), node, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unpin' as const), node, pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('retract' as const),
      node,
      pick,
      reason: fc.constantFrom('Not confirmed.', 'Said twice.'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), node, title: headline }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), node, transport }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), who: pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('return' as const), who: pick, node, transport }) },
)

/** A whole run: someone follows from the beginning. */
export const run = fc.array(command, { minLength: 5, maxLength: 70, size: 'max' })
