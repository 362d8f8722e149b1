import assert from 'node:assert/strict'

/** The figure of the server with this name and these labels, such as `wirecopy_refused_total{reason="flood"}`. */
export async function metric(server: { readonly url: string }, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  assert.ok(line !== undefined, text)
  return Number(line.slice(name.length + 1))
}

export async function refusals(server: { readonly url: string }, reason: string): Promise<number> {
  return await metric(server, `wirecopy_refused_total{reason="${reason}"}`)
}
