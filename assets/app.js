// Wakes the NHS components on a page that already works without them. Nothing inline, nothing from elsewhere.
import { initAll } from "nhsuk-frontend";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();

// A fragment that htmx has put in place has components too.
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) initAll({ scope: event.target });
});
