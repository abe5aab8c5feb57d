import {createHash} from 'node:crypto'

import type {Finding, TableSize} from '../../ports/assessment.js'
import {bytes, seconds} from '../../ports/figures.js'
import {html, type Markup, markup} from './markup.js'
import {STYLE} from './style.js'
import {type MethodView, type View, windowLength} from './view.js'

/** The report as one file without scripts or external resources, for light and dark themes and for print. */
export function htmlReport(view: View): string {
  const allowed = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${allowed}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${view.title}</title>
        ${markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <header>
            <h1>${view.title}</h1>
            <p class="quiet">${view.takenAt}</p>
            <p class="verdict ${view.verdict.kind}">${view.verdict.text}</p>
          </header>
          ${view.groups.map(groupSection)} ${methodsSection(view)}
          <section>
            <h2>Recommended</h2>
            <p>${view.recommendation}</p>
          </section>
          ${listSection('Suggested target at AWS', view.destination)}
          ${listSection('Too large to copy through a client', view.bridge)} ${sizesSection(view.largest)}
          <section>
            <h2>Facts</h2>
            <table class="facts">
              <tbody>
                ${view.facts.map(
                  ([label, value]) =>
                    html`<tr>
                      <th scope="row">${label}</th>
                      <td>${value}</td>
                    </tr> `,
                )}
              </tbody>
            </table>
          </section>
          ${listSection('What this report cannot see', view.blindSpots)}
        </main>
      </body>
    </html> `.text
}

const groupSection = ({kind, title, findings}: View['groups'][number]): Markup =>
  html`<section class="${kind}">
    <h2>${title} <span class="count">${findings.length}</span></h2>
    <ul class="findings">
      ${findings.map(findingItem)}
    </ul>
  </section>`

const findingItem = ({what, remedy, fix}: Finding): Markup =>
  html`<li>
    <p>${what}</p>
    <p class="remedy">${remedy}</p>
    ${fix ? [html`<pre><code>${fix}</code></pre>`] : []}
  </li> `

const listSection = (title: string, lines: readonly string[]): Markup =>
  lines.length === 0
    ? markup('')
    : html`<section>
        <h2>${title}</h2>
        <ul>
          ${lines.map((line) => html`<li>${line}</li>`)}
        </ul>
      </section>`

function methodsSection({methods, budgetSeconds}: View): Markup {
  const colourOf = coloursOf(methods)
  const possible = methods.filter((method) => method.possible)
  return html`<section>
    <h2>Methods, simplest first</h2>
    ${possible.length > 0 ? [windowChart(possible, colourOf, budgetSeconds)] : []}
    ${methods.map((method) => methodBlock(method, colourOf))}
  </section>`
}

const methodBlock = ({title, possible, reasons, window}: MethodView, colourOf: ColourOf): Markup =>
  possible
    ? html`<h3>${title}: a window of about ${windowLength(window)}</h3>
        <table class="terms">
          <tbody>
            ${window.terms.map(
              ({step, what, seconds: takes, measured}) =>
                html`<tr>
                  <td>
                    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
                      <rect class="${colourOf(step)}" width="10" height="10" rx="2" />
                    </svg>
                  </td>
                  <td class="number">${seconds(takes)}</td>
                  <td>${what}${measured ? ' (measured)' : ''}</td>
                </tr>`,
            )}
          </tbody>
        </table>`
    : html`<h3>${title}: not possible</h3>
        <ul>
          ${reasons.map((reason) => html`<li>${reason}</li>`)}
        </ul>`

/** Width of a chart, in units of its viewBox. */
const WIDTH = 720
/** Height of a row of a chart, in the same units. */
const ROW = 44
const COLOURS = 10

/** CSS class of a term, by its step. */
type ColourOf = (step: string) => string

/** A step has the same colour in every method. */
function coloursOf(methods: readonly MethodView[]): ColourOf {
  const steps = [...new Set(methods.flatMap(({window}) => window.terms.map(({step}) => step)))]
  return (step) => `term${steps.indexOf(step) % COLOURS}`
}

/** One bar per method, divided into its terms, all to the same scale; the budget is a line across them. */
function windowChart(methods: readonly MethodView[], colourOf: ColourOf, budgetSeconds?: number): Markup {
  const longest = Math.max(1, budgetSeconds ?? 0, ...methods.map(({window}) => window.seconds))
  const at = (value: number) => (value / longest) * (WIDTH - 2)
  const height = methods.length * ROW + (budgetSeconds === undefined ? 0 : 18)
  return html`<svg
    class="chart"
    role="img"
    aria-label="length of the window by method"
    viewBox="0 0 ${WIDTH} ${height}"
  >
    ${methods.map(({title, window}, row) => {
      let start = 0
      return html`<text x="0" y="${row * ROW + 13}">${title} · ${seconds(window.seconds)}</text>${window.terms.map(
          ({step, what, seconds: takes}) => {
            const x = at(start)
            start += takes
            return html`<rect
              class="${colourOf(step)}"
              x="${x.toFixed(1)}"
              y="${row * ROW + 19}"
              width="${Math.max(0, at(takes) - 1).toFixed(1)}"
              height="16"
              ><title>${what}: ${seconds(takes)}</title></rect
            >`
          },
        )} `
    })}${
      budgetSeconds === undefined
        ? []
        : [
            html`<line
                class="budget"
                x1="${at(budgetSeconds).toFixed(1)}"
                x2="${at(budgetSeconds).toFixed(1)}"
                y1="17"
                y2="${methods.length * ROW - 4}"
              /><text class="quiet" text-anchor="end" x="${WIDTH}" y="${height - 4}"
                >line: the budget of ${seconds(budgetSeconds)}</text
              >`,
          ]
    }
  </svg>`
}

/** The largest tables: rows and TOAST first, then their indexes. */
function sizesSection(tables: readonly TableSize[]): Markup {
  if (tables.length === 0) return markup('')
  const most = Math.max(1, ...tables.map((table) => table.bytes))
  const width = (value: number) => ((value / most) * WIDTH).toFixed(1)
  return html`<section>
    <h2>Largest tables</h2>
    <p class="quiet">
      <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
        <rect class="rows" width="10" height="10" rx="2" />
      </svg>
      rows
      <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
        <rect class="indexes" width="10" height="10" rx="2" />
      </svg>
      indexes
    </p>
    <svg
      class="chart"
      role="img"
      aria-label="sizes of the largest tables"
      viewBox="0 0 ${WIDTH} ${tables.length * ROW}"
    >
      ${tables.map(({name, bytes: size, indexBytes, rows}, row) => {
        const label = name.length > 60 ? `${name.slice(0, 59)}…` : name
        const middle = width(size - indexBytes)
        return html`<text x="0" y="${row * ROW + 13}"
            >${label} · ${bytes(size)} · ${rows.toLocaleString('en')} rows</text
          ><rect class="rows" x="0" y="${row * ROW + 19}" width="${middle}" height="16" /><rect
            class="indexes"
            x="${middle}"
            y="${row * ROW + 19}"
            width="${width(indexBytes)}"
            height="16"
          /> `
      })}
    </svg>
  </section>`
}
