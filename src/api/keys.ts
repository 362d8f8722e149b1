import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Redis, reached } from '../log/connection.ts'
import { closeBidi } from '../wire/bidi.ts'
import { InstantInput, line } from '../wire/scalars.ts'
import { cleanText } from '../wire/text.ts'

export const Scope = z.enum(['channels:write', 'posts:write', 'ops:read'])
export type Scope = z.infer<typeof Scope>

/** A channel's id, or a pattern of ids where `*` stands for any run of characters: `sport-*`. */
const ChannelPattern = z
  .string()
  .regex(/^(?!.*\*\*)[a-z0-9*][a-z0-9*-]{0,63}$/, 'must be a channel id, in which * stands for any run of characters')

export const NewKey = z.strictObject({
  name: line(100),
  scopes: z.array(Scope).min(1, 'must name at least one scope').max(Scope.options.length),
  channels: z.array(ChannelPattern).min(1).max(50),
  expiresAt: InstantInput.optional(),
})
export type NewKey = z.infer<typeof NewKey>

/** A key as it is kept: the secret itself is nowhere, only its SHA-256 in hex. */
const KeptKey = z.object({
  id: z.string(),
  name: z.string().overwrite(cleanText).overwrite(closeBidi),
  hash: z.string(),
  scopes: z.array(Scope),
  channels: z.array(z.string()),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
})
export type KeptKey = z.infer<typeof KeptKey>

/** Keys that one store holds: a listing stays readable and its read bounded. */
const keysMax = 1_000
const form = /^wck_([0-9a-f]{12})_([A-Za-z0-9_-]{32,64})$/

export type Found = { readonly kind: 'key'; readonly key: KeptKey } | { readonly kind: 'expired' | 'unknown' }

/** The API keys, in one Redis hash from id to JSON. A revoked key is deleted. */
export class Keys {
  readonly #redis: Redis
  readonly #name: string

  /** `name` is the hash's key, `apiKeys(prefix)` of `log/keys.ts`. */
  constructor(redis: Redis, name: string) {
    this.#redis = redis
    this.#name = name
  }

  /** Makes a key. `secret` is the whole of what a client sends; it is shown here and never again. */
  async make(input: NewKey): Promise<{ key: KeptKey; secret: string }> {
    if ((await reached(this.#redis.hlen(this.#name))) >= keysMax)
      throw new Error(`There are ${keysMax} keys: revoke some.`)
    const id = randomBytes(6).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const { expiresAt, ...fields } = input
    const key: KeptKey = {
      id,
      ...fields,
      hash: digest(secret).toString('hex'),
      createdAt: new Date().toISOString(),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    await reached(this.#redis.hset(this.#name, id, JSON.stringify(key)))
    return { key, secret: `wck_${id}_${secret}` }
  }

  async list(): Promise<KeptKey[]> {
    const kept = await reached(this.#redis.hvals(this.#name))
    return kept.map((text) => KeptKey.parse(JSON.parse(text))).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
  }

  /** True where there was such a key. It is refused from the next request on. */
  async revoke(id: string): Promise<boolean> {
    return (await reached(this.#redis.hdel(this.#name, id))) === 1
  }

  /** The key that a client sent, by one read. */
  async find(sent: string): Promise<Found> {
    const [, id, secret] = form.exec(sent) ?? []
    if (id === undefined || secret === undefined) return { kind: 'unknown' }
    const text = await reached(this.#redis.hget(this.#name, id))
    if (text === null) return { kind: 'unknown' }
    const key = KeptKey.parse(JSON.parse(text))
    if (!timingSafeEqual(digest(secret), Buffer.from(key.hash, 'hex'))) return { kind: 'unknown' }
    if (key.expiresAt !== undefined && Date.parse(key.expiresAt) <= Date.now()) return { kind: 'expired' }
    return { kind: 'key', key }
  }
}

/** Both sides are hashed first, so that neither length nor content shows in the time that the comparison takes. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

export function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Whether a key's patterns let it write to a channel. */
export function coversChannel(patterns: readonly string[], channel: string): boolean {
  return patterns.some((pattern) => matches(pattern, channel))
}

function matches(pattern: string, channel: string): boolean {
  const [start = '', ...rest] = pattern.split('*')
  const end = rest.pop()
  if (end === undefined) return channel === pattern
  if (!channel.startsWith(start)) return false
  let at = start.length
  for (const middle of rest) {
    const found = channel.indexOf(middle, at)
    if (found === -1) return false
    at = found + middle.length
  }
  return channel.length - end.length >= at && channel.endsWith(end)
}
