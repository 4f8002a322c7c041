// Draws each Vega-Lite specification of the page. The interpreter needs no eval, so the strict policy stands.
//
// <div data-chart="ID"></div> and, anywhere on the page, <script type="application/json" id="ID">{…}</script>
import embed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

const OPTIONS = {
  ast: true,
  expr: expressionInterpreter,
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};

async function draw(place) {
  const source = document.getElementById(place.dataset.chart);
  if (!source || place.dataset.drawn) return;
  place.dataset.drawn = "yes";
  try {
    await embed(place, JSON.parse(source.textContent), OPTIONS);
    const picture = place.querySelector("svg");
    // The table beside the chart says it in words; a reader of the screen need not hear each mark.
    picture?.setAttribute("aria-hidden", "true");
  } catch (problem) {
    place.textContent = "This chart could not be drawn; the table beside it has the same numbers.";
    console.error(problem);
  }
}

function drawAll(within) {
  within.querySelectorAll("[data-chart]").forEach(draw);
}

drawAll(document);
document.addEventListener("htmx:load", (event) => drawAll(event.target));
