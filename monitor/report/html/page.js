// Puts the page together, once its text is there to be read.

function showPlot(kind, place) {
  const target =
      document.getElementById(kind === 'network' ? `norms-${place}` : `step-norms-${place}`) ||
      document.getElementById('heat') || document.getElementById('tensors');
  if (target) target.scrollIntoView({block: 'center'});
}

// A finding's link: the tensor that it names, and the step.
function followLink(event) {
  const link = event.target.closest('a[data-kind]');
  if (!link) return;
  const {kind, place, name, step} = link.dataset;
  const owner = kind === 'network' ? data.networks[Number(place)] : data.runs[Number(place)];
  const names = kind === 'network' ? owner.names : owner.tensors;
  const tensor = name === undefined ? null : placeOf(name, names);
  event.preventDefault();
  select({
    kind,
    place: Number(place),
    tensor: tensor === -1 ? null : tensor,
    step: step === undefined ? selection.step : Number(step)
  });
  const target = document.getElementById(link.getAttribute('href').slice(1));
  if (link.dataset.to === 'plot')
    showPlot(kind, place);
  else if (target)
    target.scrollIntoView({block: 'start'});
}

function build() {
  for (const holder of document.querySelectorAll('.needs-charts')) holder.hidden = !hasCharts;
  data.runs.forEach(readRun);
  addNetworks();
  addRuns();
  addHeatMaps();
  addTensorTable();
  addSelectionBar();
  document.addEventListener('click', followLink);
  const redraw = () => {
    rebuildCharts();
    heatMaps.forEach((map) => map.draw());
  };
  darkScheme.addEventListener('change', redraw);
  addEventListener('beforeprint', () => {
    isPrinting = true;
    redraw();
  });
  addEventListener('afterprint', () => {
    isPrinting = false;
    redraw();
  });
  document.documentElement.dataset.ready = 'true';
}

// After the first paint, so that the verdict is seen at once; a page that is not shown has none.
let isBuilt = false;
function buildOnce() {
  if (!isBuilt) build();
  isBuilt = true;
}
requestAnimationFrame(() => setTimeout(buildOnce));
setTimeout(buildOnce, 200);
