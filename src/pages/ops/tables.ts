import type { OpsChannels, OpsLost, OpsNode } from '../../wire/ops.ts'
import { type Html, html, type Part } from '../html.ts'
import { isFresh, isStale, type Known, seconds } from './verdict.ts'

/** The oldest of the figures, in milliseconds. */
export function oldestMs({ nodes, sinceMs }: Known, channels: OpsChannels): number {
  return nodes.nodes.reduce((oldest, node) => Math.max(oldest, node.ageMs), channels.ageMs) + sinceMs
}

/** Channels that are shown: those with the most followers. */
export const channelsShownMax = 100

/** Figures that are too old are not shown: a number says more than "not known", even if it is no longer true. */
export function renderTables(known: Known, { channels, ageMs }: OpsChannels): Html {
  const { nodes, lost, total } = known.nodes
  const stale = isStale(known)
  const summed = (ms: number) => (count: number) => (stale || !isFresh(ms + known.sinceMs) ? notKnown : whole(count))
  const inAll = summed(Math.max(0, ...nodes.map((node) => node.ageMs)))
  const byFollowers = [...channels].sort((a, b) => b.followers - a.followers || a.channel.localeCompare(b.channel))
  const shown = byFollowers.slice(0, channelsShownMax)
  const left = channels.length - shown.length
  return html`
<dl class="totals">
${figure('Followers', inAll(total.followers))}
${figure('Behind', inAll(total.behind))}
${figure('Websocket', inAll(total.websocket))}
${figure('Long polling', inAll(total.polling))}
${figure('Event stream', inAll(total.sse))}
</dl>
${
  lost.length > 0 &&
  table({
    caption: 'Lost in the last 15 minutes',
    columns: ['Node', 'Worker', 'State', 'Followers it had', 'Last heard of', 'Ago'],
    rows: lost.map((process) => lostRow(process, known.sinceMs)),
  })
}
${table({
  caption: 'By node and worker',
  columns: ['Node', 'Worker', 'State', 'Channels', ...transports, 'Running since', 'Age'],
  rows: nodes.map((node) => nodeRow(node, node.ageMs + known.sinceMs, stale)),
})}
${table({
  caption: 'By channel',
  columns: ['Channel', ...transports],
  rows: shown.map(({ channel, ...counts }) => [
    html`<a href="/c/${channel}">${channel}</a>`,
    ...countCells(counts, summed(ageMs)),
  ]),
})}
${shown.length === 0 && html`<p class="empty">${stale ? 'Not known.' : 'Nobody follows a channel at the moment.'}</p>`}
${left > 0 && html`<p class="empty">${left} more with fewer followers.</p>`}
`
}

const transports = ['Followers', 'Behind', 'Websocket', 'Long polling', 'Event stream']
const notKnown = html`<span class="unknown">not known</span>`

interface Counts {
  readonly followers: number
  readonly behind: number
  readonly websocket: number
  readonly polling: number
  readonly sse: number
}

function countCells({ followers, behind, websocket, polling, sse }: Counts, show: (count: number) => Part): Part[] {
  return [followers, behind, websocket, polling, sse].map(show)
}

function nodeRow(node: OpsNode, ageMs: number, stale: boolean): Part[] {
  const { connections, followers, behind } = node
  const known = !stale && isFresh(ageMs)
  const show = (count: number) => (known ? whole(count) : notKnown)
  return [
    node.node,
    node.worker,
    known ? stateOf(node) : notKnown,
    show(node.channels),
    ...countCells({ followers, behind, ...connections }, show),
    time(node.startedAt, 16),
    seconds(ageMs),
  ]
}

function stateOf({ ready, reason }: OpsNode): Part {
  return ready ? 'Ready' : html`<strong class="not-ready">Not ready</strong>${reason && html` (${reason})`}`
}

function lostRow({ node, worker, replaced, followers, lastSeenAt, ageMs }: OpsLost, sinceMs: number): Part[] {
  return [
    node,
    worker,
    replaced ? 'Back, as another process' : html`<strong class="not-ready">Lost</strong>`,
    whole(followers),
    time(lastSeenAt, 19),
    seconds(ageMs + sinceMs),
  ]
}

function time(instant: string, characters: number): Html {
  return html`<time datetime="${instant}">${instant.slice(0, characters).replace('T', ' ')} UTC</time>`
}

interface Table {
  readonly caption: string
  readonly columns: readonly string[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Part[])[]
}

/** A wide table scrolls by itself, so that the page does not; by keyboard too, hence the tab stop. */
function table({ caption, columns, rows }: Table): Html {
  return html`<div class="table" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`
}

function figure(name: string, count: Part): Html {
  return html`<div><dt>${name}</dt><dd>${count}</dd></div>`
}

const whole = (count: number): string => count.toLocaleString('en')
