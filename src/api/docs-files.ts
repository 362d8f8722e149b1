import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { CodedError } from '../errors.ts'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

/** The route by which Swagger UI serves its files: it would open one for each request. */
const filesRoute = '/docs/static/*'

/**
 * Serves Swagger UI's files out of memory, all who wait for one out of the same bytes. To be registered in the part of
 * the app in which Swagger UI is, before it.
 */
export async function serveDocsFiles(app: FastifyInstance): Promise<void> {
  const files = await readFiles()
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.url !== filesRoute) return
    const name = (request.params as { '*'?: string })['*'] ?? ''
    const content = files.get(name)
    if (content === undefined) throw new CodedError('not-found', 'See /docs for the page.')
    // A new version has other files by the same names.
    reply.header('cache-control', 'public, max-age=3600')
    return reply.type(types[extname(name)] ?? 'application/octet-stream').send(content)
  })
}

async function readFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static')
  const names = (await readdir(folder)).filter((name) => extname(name) in types)
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)))
}
