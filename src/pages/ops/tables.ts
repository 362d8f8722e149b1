import type { OpsChannels, OpsNode, OpsNodes } from '../../wire/ops.ts'
import { type Html, html, type Part } from '../html.ts'

export interface Verdict {
  readonly level: 'yes' | 'partly' | 'no'
  readonly text: string
}

/** Whether readers are being reached: each process says of itself whether posts come through it. */
export function verdictOf({ nodes }: OpsNodes): Verdict {
  const ready = nodes.filter((node) => node.ready).length
  const of = `${ready} of ${nodes.length} ${nodes.length === 1 ? 'process' : 'processes'} ready`
  if (ready === 0) return { level: 'no', text: `Readers are not being reached: ${of}` }
  if (ready < nodes.length) return { level: 'partly', text: `Some readers are not being reached: ${of}` }
  return { level: 'yes', text: `Readers are being reached: ${of}` }
}

/** The oldest of the figures, in milliseconds, at the moment of the answer. */
export function oldestMs(nodes: OpsNodes, channels: OpsChannels): number {
  return nodes.nodes.reduce((oldest, node) => Math.max(oldest, node.ageMs), channels.ageMs)
}

/** Channels that are shown: those with the most followers. */
export const channelsShownMax = 100

export function renderTables({ nodes, total }: OpsNodes, { channels }: OpsChannels): Html {
  const byFollowers = channels.toSorted((a, b) => b.followers - a.followers || a.channel.localeCompare(b.channel))
  const shown = byFollowers.slice(0, channelsShownMax)
  const left = channels.length - shown.length
  return html`
<dl class="totals">
${figure('Followers', total.followers)}
${figure('Behind', total.behind)}
${figure('Websocket', total.websocket)}
${figure('Long polling', total.polling)}
${figure('Event stream', total.sse)}
</dl>
${table({
  caption: 'By node and worker',
  columns: ['Node', 'Worker', 'State', 'Channels', ...transports, 'Running since', 'Age'],
  rows: nodes.map(nodeRow),
})}
${table({
  caption: 'By channel',
  columns: ['Channel', ...transports],
  rows: shown.map(({ channel, ...counts }) => [html`<a href="/c/${channel}">${channel}</a>`, ...countCells(counts)]),
})}
${shown.length === 0 && html`<p class="empty">Nobody follows a channel at the moment.</p>`}
${left > 0 && html`<p class="empty">${left} more with fewer followers.</p>`}
`
}

const transports = ['Followers', 'Behind', 'Websocket', 'Long polling', 'Event stream']

interface Counts {
  readonly followers: number
  readonly behind: number
  readonly websocket: number
  readonly polling: number
  readonly sse: number
}

function countCells({ followers, behind, websocket, polling, sse }: Counts): Part[] {
  return [followers, behind, websocket, polling, sse].map(whole)
}

function nodeRow(node: OpsNode): Part[] {
  const { connections, followers, behind } = node
  return [
    node.node,
    node.worker,
    node.ready ? 'Ready' : html`<strong class="not-ready">Not ready</strong>${node.reason && html` (${node.reason})`}`,
    whole(node.channels),
    ...countCells({ followers, behind, ...connections }),
    html`<time datetime="${node.startedAt}">${node.startedAt.slice(0, 16).replace('T', ' ')} UTC</time>`,
    seconds(node.ageMs),
  ]
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

function figure(name: string, count: number): Html {
  return html`<div><dt>${name}</dt><dd>${whole(count)}</dd></div>`
}

const wholeNumber = new Intl.NumberFormat('en')
const whole = (count: number): string => wholeNumber.format(count)

/** How long ago something was, for people: whole seconds, from a minute on in minutes too. */
export function seconds(ms: number): string {
  const all = Math.floor(ms / 1_000)
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`
}
