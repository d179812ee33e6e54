/** Sentences in the languages that explain speaks. One key, one sentence in each. */
export type Language = 'en' | 'zh';

/** `zh…` in LANG or --language; English otherwise. */
export function languageOf(text: string | undefined): Language {
  return text?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

const words = {
  usage: { en: 'usage of the cgroup', zh: 'cgroup 总用量' },
  anon: { en: 'anonymous memory (heap, stacks)', zh: '匿名内存（堆、栈）' },
  shmem: { en: 'shared memory and tmpfs', zh: '共享内存与 tmpfs' },
  activeFile: { en: 'active page cache', zh: '活跃的文件缓存' },
  inactiveFile: { en: 'inactive page cache', zh: '不活跃的文件缓存' },
  otherFile: { en: 'page cache on no list (locked, in transit)', zh: '不在链表上的文件缓存（锁定或回写中）' },
  kernel: { en: 'kernel memory (slab, stacks, page tables, sockets)', zh: '内核内存（slab、栈、页表、套接字）' },
  kernelBySubtraction: { en: 'kernel memory, by subtraction (usage − rss − cache)', zh: '内核内存，由相减得出（usage − rss − cache）' },
  remainder: { en: 'rest: batched per-CPU bookkeeping', zh: '余数：内核按 CPU 批量记账的误差' },
  minusInactiveFile: { en: 'minus inactive page cache', zh: '减去不活跃的文件缓存' },
  workingSet: { en: 'working set: what kubectl top shows', zh: '工作集：kubectl top 显示的值' },
  'why.top': { en: 'The working set of the sample that metrics-server holds; it is a little older than the reading here.', zh: 'metrics-server 手中样本的工作集，比此处的读数略旧。' },
  'why.workingSet': { en: 'Usage without the page cache that nobody has touched lately.', zh: '用量减去近期无人访问的文件缓存。' },
  'why.usage': { en: 'Everything charged to the cgroup, page cache and kernel memory included.', zh: '计入该 cgroup 的全部内存，包含文件缓存与内核内存。' },
  'why.rss': { en: 'Anonymous memory and swap cache only: no shared memory, no file pages, no kernel memory.', zh: '仅匿名内存与交换缓存：不含共享内存、文件页和内核内存。' },
  'why.cache': { en: 'The page cache, with shared memory and tmpfs, active or not.', zh: '文件缓存，含共享内存与 tmpfs，不分活跃与否。' },
  'why.docker': { en: 'Docker of today subtracts inactive file cache, not all of the cache: it agrees with the working set.', zh: '如今的 docker 减去的是不活跃文件缓存，而不是全部缓存，因此与工作集一致。' },
  'why.oldDocker': { en: 'Older Docker subtracted all of the page cache, so it also left out active cache and shared memory.', zh: '旧版 docker 减去全部文件缓存，连活跃缓存和共享内存也一并减掉。' },
  'why.psRss': { en: 'Pages mapped into processes: shared pages count once for each process, unmapped cache and kernel memory not at all.', zh: '映射到进程中的页：共享页按进程重复计算，未映射的缓存与内核内存则不算。' },
  'why.pss': { en: 'Like RSS, but a page shared by n processes counts 1/n in each.', zh: '类似 RSS，但被 n 个进程共享的页在每个进程只计 1/n。' },
  'why.script': { en: 'It counts shared memory twice (cache contains it already) and leaves kernel memory out.', zh: '该脚本把共享内存算了两次（cache 已包含它），又漏掉了内核内存。' },
  'note.inactiveFile': { en: 'inactive_file is page cache, not anonymous memory: it can be dropped and read again.', zh: 'inactive_file 是文件缓存，并非匿名内存：可以丢弃并重新读入。' },
  'note.oom': { en: 'The OOM killer looks at usage after reclaim, not at the working set: active page cache is given back first.', zh: 'OOM killer 看的是回收之后的用量，而不是工作集：活跃的文件缓存会先被回收。' },
  'note.pause': { en: 'The pause container has a cgroup of its own below the pod; kubectl top adds up the other containers only.', zh: 'pause 容器在 pod 之下有自己的 cgroup；kubectl top 只累加其余容器。' },
  'note.sample': { en: 'Two samples of different moments: the difference is the time between them, not an error.', zh: '两个样本取自不同时刻：差异来自时间，并非错误。' },
  'note.wholeMachine': { en: 'kernel memory, which the root cgroup does not count into its usage.', zh: '内核内存：根 cgroup 的用量不包含它。' },
  'note.node': { en: 'The node is its root cgroup: system daemons, kernel and page cache of no pod are in it, so it is more than the sum of its pods.', zh: '节点取自根 cgroup：其中还有系统进程、内核以及不属于任何 pod 的缓存，因此大于各 pod 之和。' },
} as const satisfies Record<string, Record<Language, string>>;

export type WordKey = keyof typeof words;

export function say(key: string, language: Language): string {
  return (words as Record<string, Record<Language, string>>)[key]?.[language] ?? key;
}
