import { readdirSync, readFileSync } from 'node:fs'

/** What `/proc` counts processor time in: 100 ticks a second on every Linux that Node runs on (proc(5), USER_HZ). */
const msPerTick = 10

/** Resident memory in KB. `pssKb` counts what processes share once; null where the system does not tell. */
export interface Memory {
  readonly rssKb: number
  readonly pssKb: number | null
}

/** The process and all its descendants that run now. */
export function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(Number(name))
    if (fields === null) continue
    const parent = Number(fields[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [pid]
  // It grows while it is walked over; no process is its own ancestor.
  for (const one of tree) tree.push(...(children.get(one) ?? []))
  return tree
}

/** Processor time that the processes have used so far, by themselves and in the kernel (utime and stime). */
export function cpuMsOf(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const fields = statOf(pid)
    return fields === null ? 0 : (Number(fields[11]) + Number(fields[12])) * msPerTick
  })
}

export function memoryOf(pids: readonly number[]): Memory {
  const all = pids.map((pid) => ({ rssKb: kbOf(pid, 'status', 'VmRSS'), pssKb: kbOf(pid, 'smaps_rollup', 'Pss') }))
  const pss = all.map(({ pssKb }) => pssKb)
  return {
    rssKb: sum(all, ({ rssKb }) => rssKb ?? 0),
    pssKb: pss.includes(null) ? null : sum(pss, (kb) => kb ?? 0),
  }
}

/**
 * How often, since the machine started, a connection found the queue of a listening socket full, whosesoever it was: it
 * then tries again after 1 s, 3 s, 7 s and so on. Null where the system does not tell.
 */
export function listenOverflows(): number | null {
  const [names = '', values = ''] = (readText('/proc/net/netstat') ?? '')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
  const at = names.split(' ').indexOf('ListenOverflows')
  return at < 0 ? null : Number(values.split(' ')[at])
}

/** The fields of `/proc/<pid>/stat` from the state on; null where there is no such process. */
function statOf(pid: number): readonly string[] | null {
  const text = textOf(pid, 'stat')
  // The name, in parentheses, may hold spaces and parentheses itself.
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function kbOf(pid: number, file: string, field: string): number | null {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(textOf(pid, file) ?? '')
  return found === null ? null : Number(found[1])
}

function textOf(pid: number, file: string): string | null {
  return readText(`/proc/${pid}/${file}`)
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile, or the file is not for us.
    return null
  }
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}
