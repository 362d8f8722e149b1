import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The test files, as paths from the root, in order; with words, those whose path contains one of them.
 * @param {string} root
 * @param {readonly string[]} words
 */
export function selectTests(root, words) {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .sort()
  return words.length === 0 ? all : all.filter((path) => words.some((word) => path.includes(word)))
}
