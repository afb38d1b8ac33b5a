// Curves of numbers over time, one for each person.

export function drawPlot(canvas, curves, now, unit) {
  // Draw curves {color, points: [[seconds, value or null], ...]}; now is the time of the cursor.
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const points = curves.flatMap((curve) => curve.points).filter(([, value]) => value !== null);
  if (!points.length) return;
  const range = (axis) => points.reduce(([low, high], p) => [Math.min(low, p[axis]), Math.max(high, p[axis])], [Infinity, -Infinity]);
  const [begin, end] = range(0);
  let [low, high] = range(1);
  if (high - low < 10) [low, high] = [(low + high) / 2 - 5, (low + high) / 2 + 5];
  const x = (time) => 48 + ((time - begin) / Math.max(end - begin, 1e-9)) * (width - 60);
  const y = (value) => height - 22 - ((value - low) / (high - low)) * (height - 34);
  axes(context, { begin, end, low, high, x, y, width, height, unit });
  for (const { color, points: row } of curves) curve(context, row, color, x, y);
  if (now !== null && now >= begin && now <= end) line(context, x(now), 8, x(now), height - 22, text(), 1);
}

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
const text = () => style("--soft");

function axes(context, { begin, end, low, high, x, y, width, height, unit }) {
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = text();
  for (let step = 0; step <= 4; step++) {
    const value = low + ((high - low) * step) / 4;
    line(context, 48, y(value), width - 12, y(value), style("--line"), 1);
    context.textAlign = "right";
    context.fillText(value.toFixed(0) + unit, 44, y(value) + 4);
    const time = begin + ((end - begin) * step) / 4;
    context.textAlign = step === 4 ? "right" : "center";
    context.fillText(`${time.toFixed(1)} s`, x(time), height - 6);
  }
}

function line(context, x1, y1, x2, y2, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function curve(context, points, color, x, y) {
  context.strokeStyle = color;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.beginPath();
  let open = false;
  for (const [time, value] of points) {
    if (value === null) open = false;
    else if (open) context.lineTo(x(time), y(value));
    else context.moveTo(x(time), y(value));
    open = value !== null;
  }
  context.stroke();
}
