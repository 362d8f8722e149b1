import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { waitMsMax } from '../../scripts/setup/test-limits.js'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser of the machine: `CHROMIUM`, or the first of the usual names on the PATH. */
function findChromium(environment: NodeJS.ProcessEnv = process.env): string {
  const { CHROMIUM, PATH = '' } = environment
  if (CHROMIUM) return CHROMIUM
  const folders = PATH.split(delimiter)
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
  if (found === undefined) throw new Error('There is no Chromium: install it, or name it in CHROMIUM')
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Its pages wait as long as all tests do, rather than for Playwright's own 30 s. `more` are further flags. */
export async function launchChromium(...more: string[]): Promise<Browser> {
  const args = [...flags, ...more]
  const browser = await chromium.launch({ executablePath: findChromium(), args, timeout: waitMsMax })
  browser.on('context', (context) => context.setDefaultTimeout(waitMsMax))
  return browser
}
