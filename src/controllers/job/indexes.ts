/** Sets of completion indexes as the API writes them: `0-2,5,7-8`. */
export function parseIndexes(text: string | undefined): Set<number> {
  const out = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const [from, to] = part.split('-').map(Number);
    if (part === '' || from === undefined || Number.isNaN(from)) continue;
    for (let i = from; i <= (to ?? from); i++) out.add(i);
  }
  return out;
}

/** Three or more in a row become a range; two stay apart by a comma. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (sorted[j + 1] === sorted[j]! + 1) j++;
    if (j === i) parts.push(String(sorted[i]));
    else if (j === i + 1) parts.push(String(sorted[i]), String(sorted[j]));
    else parts.push(`${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(',');
}
