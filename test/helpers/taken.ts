import { randomUUID } from 'node:crypto'
import { until } from '../faults/until.ts'

/**
 * Sends a write as a newsroom's tool does: again, with the same key, while the answer is that the store or the server is
 * too busy. On a machine that is, the store may be late for one.
 */
export async function taken<A extends { readonly status: number }>(
  send: (headers: { readonly 'idempotency-key': string }) => Promise<A>,
): Promise<A> {
  const headers = { 'idempotency-key': randomUUID() }
  return await until('a write that is not answered 503', async () => {
    const answer = await send(headers)
    if (answer.status === 503) throw new Error(JSON.stringify(answer))
    return answer
  })
}
