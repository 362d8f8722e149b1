import { adminKey } from './node.ts'
import type { Stage } from './stage.ts'

/**
 * What fills the sockets of those who do not read: a channel that nobody else follows, of one large post that is edited
 * again and again. So the others' load stays as it is, while megabytes go to where nothing is taken.
 */
export class Ballast {
  static readonly channel = 'ballast'
  readonly #stage: Stage
  readonly #chars: number
  #path = ''
  #edits = 0

  private constructor(stage: Stage, chars: number) {
    this.#stage = stage
    this.#chars = chars
  }

  static async make(stage: Stage, chars: number): Promise<Ballast> {
    const ballast = new Ballast(stage, chars)
    await stage.createChannel(Ballast.channel)
    const { post } = await ballast.#send('POST', '', { headline: 'Ballast' })
    ballast.#path = `/${post.id}`
    return ballast
  }

  async edit(): Promise<void> {
    this.#edits++
    await this.#send('PATCH', this.#path, { body: { text: `${this.#edits} `.padEnd(this.#chars, 'x') } })
  }

  async #send(method: string, path: string, body: object): Promise<{ post: { id: string } }> {
    const response = await fetch(`${this.#stage.anyNode()}/v1/channels/${Ballast.channel}/posts${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', 'if-match': '*' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`The ballast was answered ${response.status}.`)
    return await response.json()
  }
}
