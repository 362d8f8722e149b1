import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOf, findSlowPatterns } from '../../scripts/checks/patterns.ts'

const slow: readonly (readonly [pattern: RegExp, fault: RegExp])[] = [
  [/^ +| +$/g, /begins again/],
  [/[ \t]+#+[ \t]*$/, /begins again/],
  [/<[^>]*>/g, /begins again/],
  [/(<pre[^>]*>.*?<\/pre>)/s, /begins again|share/],
  [/\d+\.\d+/, /begins again/],
  [/^([!-9]+):[ \t]*([ -~\t]*)$/, /share/],
  [/^\s*a?\s*$/, /share/],
  [/^a.*a.*a$/, /share/],
  [/^[^:|]+[^:]*:calls/m, /share/],
  [/^(a+)+$/, /without end what/],
  [/^(?:a|b*)*c/, /without end what/],
]

for (const [pattern, fault] of slow) {
  test(`a pattern that can take more than linear time is found: ${pattern}`, () => {
    assert.match(faultOf(String(pattern)) ?? '', fault)
  })
}

const linear: readonly RegExp[] = [
  /(?<! ) +$/,
  /(?<![ \t])[ \t]+#+[ \t]*$/,
  /<[^<>]*>/g,
  /[^\S\u00a0]+/g,
  /^[a-z0-9][a-z0-9-]{0,63}$/,
  /^(?:W\/)?"(.*)"$/,
  /\s*(W\/)?"([!-~]*)"\s*(?:,|$)/y,
  /^redis_version:(\d+)\.(\d+)/m,
  /a{1,200}b/,
]

for (const pattern of linear) {
  test(`a pattern that takes linear time passes: ${pattern}`, () => assert.equal(faultOf(String(pattern)), null))
}

test('each regular expression of a file is looked at, and no division, text or comment', () => {
  const text = `const a = 1 / 2 / 3 // / +$/
    const b = '/ +$/'
    b.replace(/ +$/, '').replace(/a+$/g, '').replace(/^a+$/, '')`
  assert.deepEqual(findSlowPatterns('src/a.ts', text), [
    'src/a.ts: / +$/ begins again at each character of an endless repetition',
    'src/a.ts: /a+$/g begins again at each character of an endless repetition',
  ])
})
