import { join } from 'node:path'
import { root } from './prepare.js'

/**
 * Node's own options for the server; the Dockerfile has them as well. Half the space for new objects that Node takes by
 * itself: with 15,000 followers 4 KB less for each, and no more processor time; with half of that again there is some.
 * And each function is compiled when it first runs, since most of what is done for a post is done too seldom for V8 to
 * find that it pays: a tenth less for each delivery to 5,000 followers. Measured by the bench's means, on 2 cores.
 */
export const nodeOptions = ['--max-semi-space-size=8', '--always-sparkplug']

/** What Node is given to run the server. The one place for that, so that what is measured is what is served. */
export const serverArgs = [...nodeOptions, join(root, 'src', 'main.ts')]
