// The attacker's process: runs one attack, and holds its connections until it is ended.
import type { Socket } from 'node:net'
import type { Attacked } from './attacks/attack.ts'
import { type AttackName, attacks } from './attacks/attacks.ts'

/** What the attacker is asked. */
export interface Asked {
  readonly name: AttackName
  readonly port: number
  readonly options: object
}

export type Answered = { readonly attacked: Attacked } | { readonly open: number } | { readonly error: string }

const held: Socket[] = []

process.on('message', (asked: Asked | 'open') => {
  if (asked === 'open') {
    answer({ open: held.filter(({ closed }) => !closed).length })
    return
  }
  const attack = attacks[asked.name] as (...all: [number, unknown, Socket[]]) => Promise<Attacked>
  attack(asked.port, asked.options, held).then(
    (attacked) => answer({ attacked }),
    (error: unknown) => answer({ error: String(error) }),
  )
})

// Whatever ended the one who asks must not leave this process behind.
process.on('disconnect', () => process.exit())

function answer(answered: Answered): void {
  process.send?.(answered)
}
