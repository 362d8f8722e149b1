import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { CodedError } from '../errors.ts'
import { Attempts } from './attempts.ts'
import { coversChannel, digest, type Keys, type Scope, sameSecret } from './keys.ts'

/** Who makes a request: the holder of a key. */
export interface Principal {
  /** The key's id, or `admin`. */
  readonly id: string
  readonly scopes: readonly Scope[] | 'all'
  readonly channels: readonly string[]
}

const admin: Principal = { id: 'admin', scopes: 'all', channels: ['*'] }
const principals = new WeakMap<FastifyRequest, Principal>()

export interface AuthorizerOptions {
  readonly keys: Keys
  readonly adminKey: string
  /** Counts wrong keys by address; off where rates are not limited. */
  readonly limited: boolean
}

/** A route's check of the key that was sent: its scope, and the channel that the path names, if it names one. */
export type Authorize = (scope: Scope) => onRequestAsyncHookHandler

/**
 * Makes the check that routes put in `onRequest`, so that a body is read from nobody without a right to send it.
 * Refusals carry the challenge of RFC 6750, 3.
 */
export function authorizer({ keys, adminKey, limited }: AuthorizerOptions): Authorize {
  const attempts = new Attempts()

  async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    const sent = /^Bearer +([A-Za-z0-9._~+/=-]{1,300})$/i.exec(request.headers.authorization ?? '')?.[1]
    if (sent === undefined) {
      challenge(reply)
      throw new CodedError('unauthorized', 'Send a key: Authorization: Bearer <key>.')
    }
    const keyHash = digest(sent).toString('base64')
    const blockedMs = limited ? attempts.blockedMs(request.ip, keyHash, performance.now()) : 0
    if (blockedMs > 0) throw tooManyAttempts(blockedMs)
    const found = sameSecret(sent, adminKey) ? admin : await findPrincipal(keys, sent)
    if (found instanceof CodedError) {
      attempts.failed(request.ip, keyHash, performance.now())
      challenge(reply, 'invalid_token')
      throw found
    }
    attempts.succeeded(keyHash)
    return found
  }

  return (scope) => async (request, reply) => {
    const principal = await identify(request, reply)
    if (principal.scopes !== 'all' && !principal.scopes.includes(scope)) {
      challenge(reply, 'insufficient_scope', scope)
      throw new CodedError('missing-scope', `This call needs a key with the scope ${scope}.`, { extras: { scope } })
    }
    const channel = channelInPath(request.params)
    if (channel !== undefined) requireChannel(principal, channel)
    principals.set(request, principal)
  }
}

/** The holder of the key, on a route that has checked one. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request)
  if (principal === undefined) throw new Error('The route does not check a key')
  return principal
}

export function findPrincipalOf(request: FastifyRequest): Principal | undefined {
  return principals.get(request)
}

/** Throws `foreign-channel` where the key is for other channels. */
export function requireChannel(principal: Principal, channel: string): void {
  if (coversChannel(principal.channels, channel)) return
  throw new CodedError('foreign-channel', `This key is for ${principal.channels.join(', ')}; not for "${channel}".`)
}

async function findPrincipal(keys: Keys, sent: string): Promise<Principal | CodedError> {
  const found = await keys.find(sent)
  switch (found.kind) {
    case 'key':
      return found.key
    case 'expired':
      return new CodedError('expired-key', 'The key was valid until its expiry. Ask for a new one.')
    case 'unknown':
      return new CodedError('wrong-key', 'No such key: it is mistyped, or was revoked.')
  }
}

function challenge(reply: FastifyReply, error?: string, scope?: Scope): void {
  const said = [error && `error="${error}"`, scope && `scope="${scope}"`].filter((part) => part !== undefined)
  reply.header('WWW-Authenticate', ['Bearer realm="wirecopy"', ...said].join(', '))
}

function tooManyAttempts(blockedMs: number): CodedError {
  return new CodedError('too-many-requests', 'Too many wrong keys came from this address.', {
    retryAfterSeconds: Math.ceil(blockedMs / 1_000),
  })
}

function channelInPath(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('channel' in params)) return undefined
  return String(params.channel)
}
