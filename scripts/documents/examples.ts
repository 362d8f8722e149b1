/** The programs of docs/examples, which docs/clients.md shows as they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const examplesFolder = join(import.meta.dirname, '..', '..', 'docs', 'examples')

export interface Example {
  /** The marker in the document. */
  readonly marker: string
  readonly file: string
  /** As Markdown names the language. */
  readonly language: string
}

export const examples: readonly Example[] = [
  { marker: 'publishPython', file: 'publish.py', language: 'python' },
  { marker: 'followPython', file: 'follow.py', language: 'python' },
  { marker: 'publishGo', file: 'publish.go', language: 'go' },
  { marker: 'followGo', file: 'follow.go', language: 'go' },
  { marker: 'publishJava', file: 'Publish.java', language: 'java' },
  { marker: 'followJava', file: 'Follow.java', language: 'java' },
  { marker: 'publishShell', file: 'publish.sh', language: 'sh' },
  { marker: 'followShell', file: 'follow.sh', language: 'sh' },
]

/** The program as a block of code. */
export function exampleCode({ file, language }: Example): string {
  const fence = '```'
  return [`${fence}${language}`, readFileSync(join(examplesFolder, file), 'utf8').trimEnd(), fence].join('\n')
}
