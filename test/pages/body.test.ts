import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { sanitise } from '../../src/api/markup.ts'
import { renderBody } from '../../src/pages/reader/body.ts'
import { wordsFor } from '../../src/pages/reader/words.ts'

const words = wordsFor('en')

function inList(markup: string): string {
  return renderBody(sanitise(markup), 2, words).toString()
}

function alone(markup: string): string {
  return renderBody(sanitise(markup), 1, words).toString()
}

test('headings of a body start below the headline: at h3 in a list, and at h2 on the own page of a post', () => {
  const markup = '<h1>One</h1><h2 lang="de">Zwei</h2><h3>Three</h3><h4>Four</h4><h5>Five</h5><p>x</p><hr>'
  assert.equal(
    inList(markup),
    '<h3>One</h3><h3 lang="de">Zwei</h3><h4>Three</h4><h5>Four</h5><h5>Five</h5><p>x</p><hr />',
  )
  assert.equal(
    alone(markup),
    '<h2>One</h2><h2 lang="de">Zwei</h2><h3>Three</h3><h4>Four</h4><h4>Five</h4><p>x</p><hr />',
  )
})

test('what looks like a tag in a text or in an attribute stays as it is', () => {
  const markup = '<p>&lt;h2&gt; &lt;table&gt;</p><p><abbr title="<h2><pre>">x</abbr></p>'
  assert.equal(inList(markup), sanitise(markup))
})

test('a table and preformatted text scroll in boxes of their own, with a name and a tab stop', () => {
  const box = (name: string) => `<div class="scroll" role="group" aria-label="${name}" tabindex="0">`
  assert.equal(inList('<pre>a</pre>'), `${box('Preformatted text')}<pre>a</pre></div>`)
  assert.equal(
    alone('<table lang="en"><tr><td>a</td></tr></table>'),
    `${box('Table')}<table lang="en"><tr><td>a</td></tr></table></div>`,
  )
  const nested = '<table><tr><td><pre>a</pre><table><tr><td>b</td></tr></table></td></tr></table>'
  assert.equal(
    inList(`${nested}<pre>c</pre>`),
    `${box('Table')}${nested}</div>${box('Preformatted text')}<pre>c</pre></div>`,
  )
})

test('whatever a body is made of, each of its boxes ends within it', () => {
  const piece = fc.constantFrom(
    '<table>',
    '</table>',
    '<pre>',
    '</pre>',
    '<tr>',
    '<td>',
    '</td>',
    '<h2>',
    '</h2>',
    '<p>',
    '</p>',
    'text',
    '<',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, isClean) => {
      const markup = pieces.join('')
      // A row of another version may have what the sanitiser leaves no more.
      const body = isClean ? inList(markup) : renderBody(markup, 2, words).toString()
      let open = 0
      let lowest = 0
      const parser = new Parser({
        onopentag: (name) => void (name === 'div' && open++),
        onclosetag: (name) => {
          if (name === 'div') lowest = Math.min(lowest, --open)
        },
      })
      parser.end(body)
      assert.equal(open, 0)
      assert.equal(lowest, 0)
      assert.equal(body.split('<div').length, body.split('</div').length)
    }),
  )
})
