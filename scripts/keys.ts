import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type KeptKey, Keys, NewKey, Scope } from '../src/api/keys.ts'
import { type Config, readConfig } from '../src/config.ts'
import { connectForCommands } from '../src/log/connection.ts'
import { findEmbeddedRedis, startEmbeddedRedis } from '../src/log/embedded.ts'
import { apiKeys } from '../src/log/keys.ts'

const help = `API keys for newsroom tools and operators.

  npm run keys -- make --name <name> --scope <scope> [--scope …] [--channel <pattern> …] [--expires <when>]
  npm run keys -- list
  npm run keys -- revoke <id>

  --name      Who or what holds the key.
  --scope     One of: ${Scope.options.join(', ')}.
  --channel   A channel's id, or a pattern in which * stands for any run of characters: 'sport-*'. Default: *, all.
  --expires   How long it is valid (90m, 12h, 30d, 8w), or an RFC 3339 time. Default: until it is revoked.

The key is printed once, alone on standard output; only its hash is kept. The settings are the server's: REDIS_URL, or
the private redis-server with its data under DATA_DIR, which is started for the moment where no server runs.`

const flags: Readonly<Record<string, string>> = {
  name: '--name',
  scopes: '--scope',
  channels: '--channel',
  expiresAt: '--expires',
}

const minutesOf: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440, w: 10_080 }

/** A mistake in how the command was called, rather than a fault. */
class Misuse extends Error {}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        scope: { type: 'string', multiple: true },
        channel: { type: 'string', multiple: true },
        expires: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error))
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = read(args)
  const [command, id, ...rest] = positionals
  if (values.help === true || command === undefined) return console.log(help)
  if (rest.length > 0) throw new Misuse(`"${rest[0]}" is one word too many.`)
  switch (command) {
    case 'make':
      return withKeys((keys) => make(keys, values))
    case 'list':
      return withKeys(async (keys) => console.log(table(await keys.list())))
    case 'revoke':
      if (id === undefined) throw new Misuse('Say which key to revoke: its id, as "list" shows it.')
      return withKeys((keys) => revoke(keys, id))
    default:
      throw new Misuse(`There is no command "${command}".`)
  }
}

async function make(keys: Keys, values: ReturnType<typeof read>['values']): Promise<void> {
  const given = NewKey.safeParse({
    name: values.name,
    scopes: [...new Set(values.scope ?? [])],
    channels: values.channel ?? ['*'],
    ...(values.expires === undefined ? {} : { expiresAt: expiry(values.expires) }),
  })
  if (!given.success) {
    throw new Misuse(given.error.issues.map((issue) => `${flags[String(issue.path[0])]}: ${issue.message}`).join('\n'))
  }
  if (given.data.expiresAt !== undefined && Date.parse(given.data.expiresAt) <= Date.now()) {
    throw new Misuse('--expires: must be in the future')
  }
  const { key, secret } = await keys.make(given.data)
  console.error(`Made key ${key.id} for ${key.name}. It is shown this once:`)
  console.log(secret)
}

async function revoke(keys: Keys, id: string): Promise<void> {
  if (!(await keys.revoke(id))) throw new Error(`There is no key ${id}.`)
  console.error(`Key ${id} is revoked.`)
}

function expiry(text: string): string {
  const [, count, unit = ''] = /^([1-9][0-9]{0,5})([mhdw])$/.exec(text) ?? []
  const minutes = minutesOf[unit]
  if (count === undefined || minutes === undefined) return text
  return new Date(Date.now() + Number(count) * minutes * 60_000).toISOString()
}

function table(keys: readonly KeptKey[]): string {
  if (keys.length === 0) return 'There are no keys. Make one: npm run keys -- make --help'
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.scopes.join(' '),
    key.channels.join(' '),
    key.createdAt,
    key.expiresAt ?? 'never',
  ])
  const all = [['ID', 'NAME', 'SCOPES', 'CHANNELS', 'MADE', 'EXPIRES'], ...rows]
  const widths = all.reduce((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), [] as number[])
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Opens the store that the server has, and closes it again. */
async function withKeys(use: (keys: Keys) => Promise<void>): Promise<void> {
  const config = readConfig(process.env)
  const logger = pino({ level: 'error' }, pino.destination(2))
  const { url, close } = await openStore(config, logger)
  const redis = connectForCommands(url, 'wirecopy:keys', logger)
  try {
    await redis.connect()
    await use(new Keys(redis, apiKeys(config.REDIS_PREFIX)))
  } finally {
    redis.disconnect()
    await close()
  }
}

async function openStore(config: Config, logger: pino.Logger): Promise<{ url: string; close: () => Promise<void> }> {
  const running = config.REDIS_URL ?? (await findEmbeddedRedis(config.DATA_DIR))
  if (running !== null) return { url: running, close: async () => undefined }
  return startEmbeddedRedis(config.DATA_DIR, logger)
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  if (error instanceof Misuse) console.error('See: npm run keys -- --help')
  process.exitCode = error instanceof Misuse ? 2 : 1
}
