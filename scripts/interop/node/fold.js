/**
 * What the programs of this folder share: the cursor, the rules for a batch (PROTOCOL.md, "What a client does with a
 * batch"), and the lines that they print.
 */
import { createInterface } from 'node:readline'

/** @param {Record<string, unknown>} line */
export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Holds the cursor, and prints what is applied. */
export class Fold {
  /** @param {string | undefined} cursor */
  constructor(cursor) {
    this.cursor = cursor
  }

  /** @param {{ cursor: string }} snapshot */
  startOver(snapshot) {
    this.cursor = snapshot.cursor
    say({ event: 'snapshot', snapshot })
  }

  /**
   * Returns false if something is missing; the caller then follows again from the cursor.
   * @param {{ epoch: string, from: number, to: number }} batch
   */
  apply(batch) {
    const [epoch, text] = (this.cursor ?? '').split(':')
    const offset = Number(text)
    if (batch.epoch === epoch && batch.to <= offset) return true
    if (batch.epoch !== epoch || batch.from !== offset) return false
    this.cursor = `${batch.epoch}:${batch.to}`
    say({ event: 'batch', batch })
    return true
  }
}

/**
 * Runs a command for each word on standard input, and ends the program with it.
 * @param {Readonly<Record<string, () => void>>} commands
 */
export function obey(commands) {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (word) => commands[word]?.())
  lines.on('close', () => process.exit(0))
}
