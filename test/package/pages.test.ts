import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { launchChromium } from '../browser/chromium.ts'
import { openSite, type Site } from '../browser/site.ts'
import { node, projectWithClient, root, write } from './project.ts'

let browser: Browser

before(async () => {
  browser = await launchChromium()
})
after(async () => {
  await browser.close()
})

/** The blocks of one section of the package's README, about a server that is at `url`. */
async function examples(title: string, url: string): Promise<string[]> {
  const readme = await readFile(join(await projectWithClient(), 'node_modules/wirecopy-client/README.md'), 'utf8')
  const [, section = ''] = new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## )`, 'm').exec(readme) ?? []
  const blocks = [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  assert.ok(blocks.some((code) => code.includes('https://live.example')))
  return blocks.map((code) => code.replaceAll('https://live.example', url))
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Serves a folder on a port of its own, so that its pages are of another site than the server. */
async function serve(t: TestContext, folder: string): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = pathname === '/' ? '/index.html' : pathname
    readFile(join(folder, path)).then(
      (content) => response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(content),
      () => response.writeHead(path === '/favicon.ico' ? 204 : 404).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

/** Opens the page in Chromium, and sees that it shows a post, its correction and its retraction as they come. */
async function followIn({ newsroom, open }: Site, address: string): Promise<void> {
  await newsroom.publish({ headline: 'There before' })
  const page = await open(address)
  await page.getByText('There before').waitFor()
  const id = await newsroom.publish({ headline: 'First boats', body: { markdown: 'Crews are **on the quay**.' } })
  await page.getByText('on the quay').waitFor()
  await newsroom.edit(id, { headline: 'Two boats', correction: { text: 'An earlier version said first.' } })
  await page.getByText('An earlier version said first.').waitFor()
  assert.match((await page.textContent('body')) ?? '', /Two boats/)
  await newsroom.retract(id, 'Not confirmed.')
  await page.getByText('Retracted: Not confirmed.').waitFor()
  const text = (await page.textContent('body')) ?? ''
  assert.doesNotMatch(text, /boats|quay|earlier version/)
  assert.match(text, /There before/)
}

/** Builds the folder's `index.html` by Vite, and returns where it put the page. */
async function builtByVite(folder: string): Promise<string> {
  const vite = join(fileURLToPath(import.meta.resolve('vite/package.json')), '../bin/vite.js')
  await node(folder, vite, 'build', '--logLevel', 'warn')
  return join(folder, 'dist')
}

const pageOf = (script: string) => `<!doctype html>
<meta charset="utf-8">
<title>Live</title>
<div id="root"></div>
<script type="module" src="/src/${script}"></script>
`

test('the page without a bundler shows posts, corrections and retractions as they come', { timeout }, async (t) => {
  const site = await openSite(t, browser, 'harbour-fire')
  const project = await projectWithClient()
  const [html = ''] = await examples('A page without a bundler', site.url)
  const script = await readFile(join(project, 'node_modules/wirecopy-client/wirecopy.js'), 'utf8')
  const folder = await write(join(project, 'plain'), { 'index.html': html, 'wirecopy.js': script })
  await followIn(site, await serve(t, folder))
})

test('a page that Vite builds shows posts, corrections and retractions as they come', { timeout }, async (t) => {
  const site = await openSite(t, browser, 'harbour-fire')
  const [main = ''] = await examples('Vite, without a framework', site.url)
  const folder = await write(join(await projectWithClient(), 'vanilla'), {
    'index.html': pageOf('main.js'),
    'src/main.js': main,
  })
  await followIn(site, await serve(t, await builtByVite(folder)))
})

test('a page in React shows posts, corrections and retractions as they come', { timeout }, async (t) => {
  const site = await openSite(t, browser, 'harbour-fire')
  const [live = '', main = ''] = await examples('React', site.url)
  const folder = await write(join(await projectWithClient(), 'react'), {
    'index.html': pageOf('main.jsx'),
    'src/live.jsx': live,
    'src/main.jsx': main,
    'vite.config.js': "export default { esbuild: { jsx: 'automatic' } }\n",
  })
  await mkdir(join(folder, 'node_modules'))
  for (const name of ['react', 'react-dom']) {
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir')
  }
  await followIn(site, await serve(t, await builtByVite(folder)))
})
