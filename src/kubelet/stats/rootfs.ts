/** Where a container's own changes to its root file system are: the upper folder of its overlay, as one of its processes sees it mounted. */
import { readText } from '../../cadvisor/files.ts';
import { processIds, type CgroupLayout } from '../../cadvisor/layout.ts';

export function writableLayer(layout: CgroupLayout, cgroup: string, proc = '/proc'): string | undefined {
  const [pid] = processIds(layout, cgroup);
  return pid === undefined ? undefined : upperFolder(readText(`${proc}/${pid}/mountinfo`) ?? '');
}

/** Of `/` in a process's mountinfo; undefined where that is no overlay. */
export function upperFolder(mountinfo: string): string | undefined {
  const root = mountinfo.split('\n').find((line) => line.split(' ')[4] === '/' && line.includes(' - overlay '));
  const path = /(?:^|[ ,])upperdir=([^,\s]+)/.exec(root ?? '')?.[1];
  return path?.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
