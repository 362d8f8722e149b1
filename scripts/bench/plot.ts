import { type Spread, written } from './figures.ts'
import type { Results } from './results.ts'
import type { ServerName } from './servers/server.ts'

const charts = [
  { title: 'Server CPU per delivery, smaller audience, µs', measure: 'deliveries', figure: 'cpuSmall' },
  { title: 'Server CPU per delivery, larger audience, µs', measure: 'deliveries', figure: 'cpuLarge' },
  { title: 'Memory per follower, KB', measure: 'followers', figure: 'rssPerFollower' },
  { title: 'Server CPU per connect and follow, µs', measure: 'followers', figure: 'cpuConnect' },
] as const

const width = 760
const labelWidth = 190
const valueWidth = 70
const barHeight = 18
const rowHeight = 26
const titleHeight = 34
const colours: Readonly<Record<ServerName, string>> = {
  Wirecopy: '#b3261e',
  floor: '#8a8f98',
  Nchan: '#5b7f95',
  'Socket.IO': '#6d7f5b',
  'Socket.IO, Redis Streams': '#957a5b',
}

interface Bar {
  readonly server: ServerName
  readonly spread: Spread
}

/** Bars of medians, each with a line from the least to the greatest run. Less is better in all of them. */
export function plot(results: Results): string {
  const parts: string[] = []
  let y = 10
  for (const { title, measure, figure } of charts) {
    const bars = results.servers.flatMap((server): Bar[] => {
      const spread = results.spread(measure, server, figure)
      return spread === null ? [] : [{ server, spread }]
    })
    if (bars.length === 0) continue
    parts.push(chart(title, bars, y))
    y += titleHeight + bars.length * rowHeight + 14
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}"`
  const style = 'font-family="system-ui, sans-serif" font-size="13" fill="#1c1c1c"'
  const title = '<title>Medians of what each server costs, and the least and the greatest</title>'
  return `${head} ${style} role="img">\n${title}\n<rect width="100%" height="100%" fill="#ffffff"/>\n${parts.join('\n')}\n</svg>\n`
}

function chart(title: string, bars: readonly Bar[], top: number): string {
  const largest = Math.max(...bars.map(({ spread }) => spread.max), 0)
  const scale = largest === 0 ? 0 : (width - labelWidth - valueWidth) / largest
  const rows = bars.map((bar, i) => row(bar, scale, top + titleHeight + i * rowHeight))
  return [text(10, top + 20, title, 'font-weight="600"'), ...rows].join('\n')
}

function row({ server, spread: { min, median, max } }: Bar, scale: number, top: number): string {
  const middle = top + barHeight / 2
  const x = (value: number) => (labelWidth + Math.max(0, value) * scale).toFixed(1)
  const barWidth = (Math.max(0, median) * scale).toFixed(1)
  return [
    text(labelWidth - 8, middle + 4, server, 'text-anchor="end"'),
    `<rect x="${labelWidth}" y="${top}" width="${barWidth}" height="${barHeight}" fill="${colours[server]}"/>`,
    `<line x1="${x(min)}" y1="${middle}" x2="${x(max)}" y2="${middle}" stroke="#1c1c1c" stroke-width="2"/>`,
    text(Number(x(max)) + 8, middle + 4, written(median), ''),
  ].join('\n')
}

function text(x: number, y: number, words: string, more: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" ${more}>${escaped}</text>`
}
