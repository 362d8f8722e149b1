import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** The sum of a metric's figures whose labels have all these; 0 if there are none. Asks on a connection of the agent's. */
export async function metricOf(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  agent: Agent | false = false,
): Promise<number> {
  const [answer] = (await once(get(`${url}/metrics`, { agent }), 'response')) as [IncomingMessage]
  const lines = (await text(answer)).split('\n')
  const base = name.replace(/_(count|sum)$/, '')
  assert.ok(
    lines.some((line) => line.startsWith(`# TYPE ${base} `)),
    `there is no metric ${base}`,
  )
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return lines
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
