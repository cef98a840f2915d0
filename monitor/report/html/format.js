// Numbers and names as text. A value is a number, "NaN", "Inf" or "-Inf", or null where it is not
// known.

const isFinite_ = (value) => typeof value === 'number';

function digits(value, count = 3) {
  if (value === null || value === undefined) return 'unknown';
  if (!isFinite_(value)) return value;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(count)));
  return value.toExponential(count - 1).replace('e+', 'e').replace(/\.?0+e/, 'e');
}

function percent(part) {
  if (!isFinite_(part)) return digits(part);
  return `${digits(100 * part)} %`;
}

function tick(value) {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e4)) return String(Number(value.toPrecision(4)));
  return value.toExponential(3).replace('e+', 'e').replace(/\.?0+e/, 'e');
}

function stepsText(first, last) {
  return first === last ? `step ${first}` : `steps ${first} to ${last}`;
}

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'class')
      made.className = value;
    else if (key === 'text')
      made.textContent = value;
    else
      made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
