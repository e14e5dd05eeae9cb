// The interactive page: its controls choose a walk and a stop; pictures, curves and words follow.
{
  const root = document.getElementById("look");
  const { walks, pictures, charts } = JSON.parse(document.getElementById("look-data").textContent);
  const form = root.querySelector("form");
  const slider = form.elements.alpha;
  const options = { actions: false, renderer: "svg", tooltip: false };
  const places = ["look-score", "look-norm"].map((id) => document.getElementById(id));
  let drawn = null; // the charts, from the first walk on: an empty one would complain of its empty axes
  let share = 0.5;

  // A network that has not walked the chosen image cannot be chosen
  const offer = () => {
    const { image, network, path, steps } = form.elements;
    const networks = [...network.options];
    networks.forEach((each) => {
      each.disabled = !([image.value, each.value, path.value, steps.value].join("|") in walks);
    });
    if (network.selectedOptions[0].disabled) network.value = networks.find((each) => !each.disabled).value;
  };

  const show = () => {
    offer();
    const chosen = Object.fromEntries(new FormData(form));
    const walk = walks[[chosen.image, chosen.network, chosen.path, chosen.steps].join("|")];
    const rule = walk.rules[chosen.rule];
    const last = walk.seen.length - 1;
    slider.max = last;
    slider.value = Math.round(share * last);
    const stop = Number(slider.value);
    const point = walk.stops[stop];
    const alpha = walk.alpha[point];
    const picture = (id, number, alt) => Object.assign(document.getElementById(id), { src: pictures[number], alt });

    const where = `α = ${alpha.toFixed(2)} of the ${chosen.path} path`;
    picture("look-seen", walk.seen[stop], `The image "${chosen.image}" at ${where}`);
    picture("look-sofar", rule.maps[stop], `What ${chosen.rule} has credited up to ${where}, as a signed map`);
    picture("look-whole", rule.maps[last], `The whole map of ${chosen.rule} on the ${chosen.path} path, ${chosen.steps} steps`);
    const change = walk.score[walk.score.length - 1] - walk.score[0];
    const star = walk.star === null ? "α* is undefined" : `α* = ${walk.star.toFixed(2)}`;
    root.querySelector("output").textContent =
      `α = ${alpha.toFixed(2)}: score ${walk.score[point].toFixed(3)}, gradient's norm ${walk.norm[point].toPrecision(2)}; ` +
      `${chosen.rule} has credited ${rule.credit[stop].toFixed(3)} of a change of ${change.toFixed(3)}; ${star}.`;
    slider.setAttribute("aria-valuetext", `α = ${alpha.toFixed(2)}`);

    const curve = walk.alpha.map((each, k) => ({ alpha: each, score: walk.score[k], norm: walk.norm[k] }));
    const marks = [{ what: "α", alpha }].concat(walk.star === null ? [] : [{ what: "α*", alpha: walk.star }]);
    const datasets = { curve, places: marks };
    drawn ??= Promise.all(charts.map((chart, k) => vegaEmbed(places[k], { ...chart, datasets }, options)));
    drawn.then((all) => all.forEach(({ view }) => view.data("curve", curve).data("places", marks).run()));
    places.forEach((place, k) => {
      const what = k ? "The gradient's norm" : "The score";
      place.setAttribute("aria-label", `${what} along the ${chosen.path} path, with a line at ${where}`);
    });
  };

  places.forEach((place) => place.setAttribute("role", "img"));
  // Vega measures at the window's event alone, which comes before the page has settled in its new columns
  const settled = new ResizeObserver(() => window.dispatchEvent(new Event("resize")));
  places.forEach((place) => settled.observe(place));
  slider.addEventListener("input", () => {
    share = slider.value / slider.max;
    show();
  });
  form.addEventListener("input", (event) => event.target === slider || show());
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
