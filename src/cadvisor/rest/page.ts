/** The page: one cgroup, its children, live charts of CPU, memory and its parts. No dependency, one file. */
const script = `
const name = decodeURIComponent(location.pathname.replace(/^\\/containers/, '')) || '/';
const api = '/api/v1.3/containers' + (name === '/' ? '/' : name);
const $ = (id) => document.getElementById(id);
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const bytes = (n) => { let i = 0; while (n >= 1024 && i < 4) { n /= 1024; i++; } return n.toFixed(i ? 1 : 0) + ' ' + units[i]; };
function chart(id, series, format) {
  const all = series.flatMap((s) => s.points.map((p) => p[1]));
  const top = Math.max(...all, 1e-9) * 1.1, w = 720, h = 180;
  const xs = series[0].points.map((p) => p[0]), x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 1);
  const x = (t) => 60 + (w - 70) * (t - x0) / (x1 - x0), y = (v) => h - 24 - (h - 34) * v / top;
  const grid = [0, .25, .5, .75, 1].map((f) => '<line x1=60 x2=' + (w - 10) + ' y1=' + y(top * f) + ' y2=' + y(top * f) + ' class=grid /><text x=56 y=' + (y(top * f) + 4) + ' text-anchor=end>' + format(top * f) + '</text>').join('');
  const lines = series.map((s, i) => '<polyline class="c' + i + '" points="' + s.points.map((p) => x(p[0]).toFixed(1) + ',' + y(p[1]).toFixed(1)).join(' ') + '"/>').join('');
  const times = '<text x=60 y=' + (h - 6) + '>' + new Date(x0).toLocaleTimeString() + '</text><text x=' + (w - 10) + ' y=' + (h - 6) + ' text-anchor=end>' + new Date(x1).toLocaleTimeString() + '</text>';
  $(id).innerHTML = '<svg viewBox="0 0 ' + w + ' ' + h + '" role="img">' + grid + lines + times + '</svg><p class=legend>' + series.map((s, i) => '<span class="k' + i + '">' + s.name + ': ' + format(s.points.at(-1)[1]) + '</span>').join(' ') + '</p>';
}
async function refresh() {
  const answer = await fetch(api + '?num_stats=60');
  if (!answer.ok) { $('state').textContent = await answer.text(); return; }
  const info = await answer.json(), stats = info.stats;
  $('name').textContent = info.name;
  $('children').innerHTML = info.subcontainers.map((c) => '<li><a href="/containers' + encodeURI(c.name) + '">' + c.name.replace(/</g, '&lt;') + '</a></li>').join('') || '<li>none</li>';
  const time = stats.map((s) => Date.parse(s.timestamp));
  if (stats.length > 1) {
    const rate = (of) => stats.slice(1).map((s, i) => [time[i + 1], Math.max(0, of(s) - of(stats[i])) / 1e6 / Math.max(1, time[i + 1] - time[i])]);
    chart('cpu', [{ name: 'total', points: rate((s) => s.cpu.usage.total) }, { name: 'user', points: rate((s) => s.cpu.usage.user) }, { name: 'system', points: rate((s) => s.cpu.usage.system) }], (v) => v.toFixed(v < 10 ? 3 : 1));
  }
  const m = (of) => stats.map((s, i) => [time[i], of(s.memory)]);
  chart('memory', [{ name: 'usage', points: m((x) => x.usage) }, { name: 'working set', points: m((x) => x.working_set) }, { name: 'rss', points: m((x) => x.rss) }, { name: 'inactive file', points: m((x) => x.total_inactive_file) }], bytes);
  const last = stats.at(-1).memory;
  $('formula').textContent = bytes(last.usage) + ' − ' + bytes(last.total_inactive_file) + ' = ' + bytes(last.working_set);
  $('state').textContent = stats.length + ' samples, the last at ' + new Date(time.at(-1)).toLocaleTimeString();
}
refresh(); setInterval(refresh, 2000);
`;

const style = `
:root { color-scheme: light dark; --c0: #2563eb; --c1: #d97706; --c2: #059669; --c3: #9333ea; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; } text { font-size: 11px; fill: currentColor; opacity: .7; } .grid { stroke: currentColor; opacity: .12; }
polyline { fill: none; stroke-width: 2; } .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.legend span { margin-right: 1.2rem; } .k0 { color: var(--c0); } .k1 { color: var(--c1); } .k2 { color: var(--c2); } .k3 { color: var(--c3); }
h1 { word-break: break-all; font-size: 1.3rem; } code { font-size: 1rem; }
`;

export const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Containers</title><style>${style}</style>
<h1 id="name">…</h1><p id="state"></p>
<h2>CPU, cores</h2><div id="cpu"><p>The first rate needs two samples.</p></div>
<h2>Memory</h2><div id="memory"></div><p>usage − inactive file = working set: <code id="formula"></code></p>
<h2>Below</h2><ul id="children"></ul><script>${script}</script></html>`;
