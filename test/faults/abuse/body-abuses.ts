import type { Abuse, Bounds, Found, Scale } from './abuse.ts'
import type { Scene } from './scene.ts'

const chars = 65_000
const spaces = ' '.repeat(chars)

/** Bodies whose rendering has cost a server seconds. */
const hostile: Readonly<Record<string, object>> = {
  'spaces in HTML': { html: `<pre>a${spaces}b</pre>` },
  'spaces in a fence': { markdown: `\`\`\`\na${spaces}b\n\`\`\`` },
  'spaces in Markdown': { markdown: `a${spaces}b` },
  'angle brackets': { html: '<'.repeat(chars) },
  'angle brackets in Markdown': { markdown: '<'.repeat(chars) },
  'strong runs': { markdown: 'a**b'.repeat(chars / 4) },
  'open brackets': { markdown: '['.repeat(chars) },
  'open links': { markdown: '[a]('.repeat(chars / 4) },
  'nested quotes': { markdown: '> '.repeat(chars / 2) },
  'nested lists': { markdown: Array.from({ length: 300 }, (_, i) => `${' '.repeat(2 * (i % 100))}- a`).join('\n') },
  backticks: { markdown: Array.from({ length: 350 }, (_, i) => '`'.repeat(i)).join(' a ') },
  'nested elements': { html: '<b><i>'.repeat(chars / 6) },
  'table pipes': { markdown: `|${'a|'.repeat(1_000)}\n|${'-|'.repeat(1_000)}\n${'|a\n'.repeat(15_000)}` },
  'line of tabs in text': { text: `a${'\t'.repeat(chars)}b` },
  'spaces in text': { text: `a${spaces}b` },
}

const sentence = 'The harbour office said that two berths stay closed, and that *nobody* is missing. '
/** Prose of the largest size that a post may have. */
const prose = { markdown: sentence.repeat(Math.floor(65_536 / sentence.length)) }
const ordinary = { markdown: 'About **x**.' }
/** Three publishers, which is as many as a node renders for at a time here. */
const writers = 3

/** Bodies that take long to render, by those who may publish. */
export const bodyAbuses: readonly Abuse[] = [
  { name: 'bodies that take long', mayBeBusy: true, bounds, run: (scene) => bodies(scene) },
  { name: 'writers that keep it busy', mayBeBusy: true, bounds, run: (scene, scale) => busy(scene, scale) },
]

/** What renders beside the event loop has a heap of its own, and 64 MiB of answers, which hold such posts, are kept. */
function bounds(): Partial<Bounds> {
  return { rssGrowthMbMax: 64 + 160, heldGrowthMbMax: 64 + 16 }
}

async function statusOf(scene: Scene, body: object): Promise<number> {
  const { status, headers } = await scene.write('POST', `/${scene.channel}/posts`, { body })
  // What is refused for want of resources says when to try again.
  return status === 503 && headers.get('retry-after') === null ? 0 : status
}

/** Refusals and acceptances of one input are not to depend on when it comes. */
async function bodies(scene: Scene): Promise<Found> {
  const repeats = 2
  let odd = 0
  let torn = 0
  for (const body of Object.values(hostile)) {
    const verdicts = new Set<number>()
    for (let i = 0; i < repeats; i++) verdicts.add(await statusOf(scene, body))
    for (const status of verdicts) if (![201, 400, 503].includes(status)) odd++
    if (verdicts.has(201) && verdicts.has(400)) torn++
  }
  let proseStatus = await statusOf(scene, prose)
  while (proseStatus === 503) proseStatus = await statusOf(scene, prose)
  const refused = proseStatus === 201 ? 0 : 1
  const zeros = { 'answered otherwise': odd, 'judged in two ways': torn, 'prose refused': refused }
  return { inputs: Object.keys(hostile).length * repeats + 1, zeros }
}

/** While some render all the time, what others send is judged as ever. */
async function busy(scene: Scene, scale: Scale): Promise<Found> {
  const bodiesPerWriter = scale === 'full' ? 20 : 4
  let working = writers
  const write = async () => {
    for (let i = 0; i < bodiesPerWriter; i++) await statusOf(scene, { markdown: 'a**b'.repeat(16_000) })
    working--
  }
  const all = Promise.all(Array.from({ length: writers }, write))
  let sent = 0
  let refused = 0
  let late = 0
  while (working > 0) {
    for (const body of [ordinary, prose]) {
      const status = await statusOf(scene, body)
      sent++
      if (status === 503) late++
      else if (status !== 201) refused++
    }
  }
  await all
  const zeros = { 'good posts refused for good': refused }
  return { inputs: writers * bodiesPerWriter + sent, zeros, told: { 'good posts told to try again': late } }
}
