import { join } from 'node:path'
import { root } from './prepare.js'

/** What Node is given to run the server: its own options first. The one place for them, so that what is measured is what is served. */
export const serverArgs = [join(root, 'src', 'main.ts')]
