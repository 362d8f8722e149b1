import assert from 'node:assert/strict'
import test from 'node:test'
import { renderBody } from '../../src/api/body.ts'
import { limits } from '../../src/wire/limits.ts'
import type { BodyInput } from '../../src/wire/post.ts'

const whole = limits.bodyCharsMax
const filled = (unit: string) => unit.repeat(Math.floor(whole / unit.length))
const prose = filled(
  'The crews **are there**, and *three* boats lie at the [quay](https://x.example/quay). Nobody was hurt.\n\n- one\n- `two`\n\n',
)

/** Names are shown where a text itself says too little. */
const hostile: Readonly<Record<string, string>> = {
  'spaces in preformatted text': `<pre>a${' '.repeat(65_000)}b</pre>`,
  'spaces in a fence': `\`\`\`\na${' '.repeat(65_000)}b\n\`\`\``,
  'spaces in a paragraph': `a${' '.repeat(65_000)}b`,
  'spaces before the end of a heading': `# a${' '.repeat(65_000)}b`,
  'lines of spaces': filled(' \n'),
  '16,000 a**b': 'a**b'.repeat(16_000),
  'one word before an @': `${'a'.repeat(whole - 1)}@`,
  'an address that ends in brackets': `http://a.b/${')'.repeat(65_000)}`,
  'emphasis that is opened, then closed': `${'**a '.repeat(8_000)}${' b**'.repeat(8_000)}`,
  'links within links': `${'['.repeat(16_000)}${'](u)'.repeat(12_000)}`,
  'pictures within pictures': `${'!['.repeat(10_000)}${'](u)'.repeat(10_000)}`,
  'definitions of links': Array.from({ length: 7_000 }, (_, i) => `[${i}]: u`).join('\n'),
  'one definition used often': `[a]: u${'x'.repeat(1_900)}\n\n${'[a]'.repeat(20_000)}`,
  'runs of backticks, each longer': Array.from({ length: 350 }, (_, i) => '`'.repeat(i)).join(' '),
  'quotes within quotes, then lines': `${'> '.repeat(200)}a\n${'b\n'.repeat(32_000)}`,
  'lists within lists, then lines': `${'- '.repeat(200)}a\n${`${' '.repeat(400)}b\n`.repeat(160)}`,
  'quotes, each deeper': Array.from({ length: 350 }, (_, i) => `${'>'.repeat(i)}a`).join('\n'),
  'a table of many columns and rows': `${'|a'.repeat(600)}\n${'|-'.repeat(600)}\n${'a\n'.repeat(30_000)}`,
  'a table of small cells': `a|b\n-|-\n${'1|2\n'.repeat(16_000)}`,
  'rows of empty cells': filled('<td> </td>'),
  'many attributes': `<p ${'a=b '.repeat(16_000)}>`,
  'an address of spaces': `<a href="${' '.repeat(65_000)}x">a</a>`,
  ...Object.fromEntries(
    [
      ['*a _a ', '_a__b ', '*a', 'a*', '**x* ', '~~a', '*', '_', '~', '[', '![', '[a](', '[a](<b', '[a][', '](', '[]'],
      ['[a]: b "c\n', '[\n', '`', '` ', '<', '<a ', '<a b="', 'a <!-- ', 'a <?', 'a <!A ', 'a <![CDATA[', '&', '</'],
      ['>', '> - ', '1. ', '- > ', '> 1. - ', '- a\n\n', '-\n', '|', '|-|\n', 'a|', 'a\n=\n', '\\', '#', '-', '\t'],
      ['a@b.', 'a@', 'a@b.c ', '._-+', 'www.', 'http://', 'http://a.b ', '(http://a.b/)', 'http://a/(', '"', '!'],
      [
        '**「',
        '」**',
        'は**「速」**',
        '*。',
        '**\u{2000b}',
        '*\ufe00',
        '\u202e',
        '\u2067\u2069',
        '\u202c',
        '&#xFFFF;',
        '\uffff',
      ],
      ['<div>', '<b>', '</p>', '<pre>', '<table><tr><td>', '<p><blockquote>', '<svg><p>', '<textarea>', '<iframe><p>'],
    ]
      .flat()
      .map((unit) => [`${JSON.stringify(unit)} and so on`, filled(unit)]),
  ),
}

/** Processor time of this thread, which does not run on while others have the processor. */
function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

/**
 * The worst is ten times the prose. What takes more than linear time takes hundreds of times as much at this size, or has
 * no end.
 */
const timesProseMax = 60

for (const kind of ['markdown', 'html', 'text'] as const) {
  const inputOf = (text: string): BodyInput =>
    kind === 'markdown' ? { markdown: text } : kind === 'html' ? { html: text } : { text }

  test(`no ${kind} takes much more work than prose of the same size in Markdown`, () => {
    renderBody({ markdown: prose })
    const proseMs = cpuMs(() => renderBody({ markdown: prose }))
    for (const [name, text] of Object.entries(hostile)) {
      const times = cpuMs(() => renderBody(inputOf(text.slice(0, whole)))) / proseMs
      assert.ok(times <= timesProseMax, `${name}: ${times.toFixed(0)} times the work`)
    }
  })
}

test('a short text does not become a large table', () => {
  const rows = 'a\n'.repeat(400)
  for (const columns of [20, 60, 150]) {
    const markdown = `${'|a'.repeat(columns)}\n${'|-'.repeat(columns)}\n${rows}`
    const answer = renderBody({ markdown })
    assert.ok(answer.kind === 'body')
    assert.match(answer.body.html, /^<table>.*<\/table>\s*<p>a\s/s)
    assert.ok(answer.body.html.length < 20 * markdown.length, `${answer.body.html.length} characters of HTML`)
  }
})

test('a table may lack cells, and a large one that has its cells stays whole', () => {
  const rowsOf = (row: string, count: number) => `|a|b|c|\n|-|-|-|\n${row.repeat(count)}`
  for (const markdown of [rowsOf('a\n', 20), rowsOf('|1|2|3|\n', 5_000), rowsOf('|1| | |\n', 5_000)]) {
    const answer = renderBody({ markdown })
    assert.ok(answer.kind === 'body')
    assert.doesNotMatch(answer.body.html, /<p>/)
  }
})

const scripts: Readonly<Record<string, string>> = {
  Latin: 'The crews **are there**, at *the* [quay](https://x.example/quay). ',
  Arabic: 'وصلت **الفرق** إلى *الرصيف* [هنا](https://x.example/). ',
  Chinese: '港口发生**火灾**，*三艘船*抵达[码头](https://x.example/)。',
  Devanagari: 'दल **वहाँ** हैं, *तीन* नावें [घाट](https://x.example/) पर। ',
  emoji: '👩‍🚒 **🚒** *🔥* [⚓](https://x.example/) ',
}

for (const [script, sentence] of Object.entries(scripts)) {
  test(`prose of the largest size is valid: ${script}`, () => {
    const paragraph = `${sentence.repeat(5)}\n\n- ${sentence}\n- ${sentence}\n\n| ${sentence} | ${sentence} |\n| --- | --: |\n| ${sentence} | 2 |\n\n> ${sentence}\n\n`
    const answer = renderBody({ markdown: filled(paragraph) })
    assert.equal(answer.kind, 'body', JSON.stringify(answer).slice(0, 300))
  })
}
