export interface Result {
  readonly language: string
  readonly version: string
  readonly generator: string
  /** Lines of the generator and the compiler. */
  readonly warnings: readonly string[]
  /** What went wrong, or what the program printed instead of what it should; null if all is as it should be. */
  readonly fault: string | null
}

export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ language, version, generator, warnings, fault }) => [
    `${language} ${version}`,
    generator,
    String(warnings.length),
    fault === null ? 'compiles; publishes, edits with `If-Match`, reads' : 'failed',
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(['language', 'generator', 'warnings', 'client']), '| --- | --- | --- | --- |', ...rows.map(line)].join(
    '\n',
  )
}
