import { parseRegex } from '../../machinery/cel/regex/syntax.ts';

/** A pattern in Go's syntax; throws where Go would refuse it. Groups are needed here, which our own engine of bounded time has not. */
export function goRegex(pattern: string): RegExp {
  parseRegex(pattern);
  const flags = /^\(\?([imsU]+)\)/.exec(pattern);
  const rest = pattern.slice(flags?.[0].length ?? 0).replaceAll('(?P<', '(?<').replaceAll('\\z', '$').replaceAll('\\A', '^');
  return new RegExp(rest, (flags?.[1] ?? '').replace('U', ''));
}

/** `$1`, `${1}_x`, `$name` and `$$` of a template, as Go expands them: the longest name counts, an unknown group is nothing. */
export function expandGroups(template: string, match: RegExpExecArray): string {
  return template.replaceAll(/\$(?:\{(\w+)\}|(\w+)|\$)/g, (all, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    if (name === undefined) return all === '$$' ? '$' : all;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}
