import { doctorWords } from './doctorwords.ts';

/** Sentences in the languages that explain speaks. One key, one sentence in each. */
export type Language = 'en' | 'zh';

/** `zh…` in --language, else in the locale of the environment; English otherwise. */
export function languageOf(flag: string | undefined, environment: Readonly<Record<string, string | undefined>> = {}): Language {
  const text = flag || environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'];
  return text?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

const words = {
  usage: { en: 'usage of the cgroup', zh: 'cgroup 总用量' },
  anon: { en: 'anonymous memory (heap, stacks)', zh: '匿名内存（堆、栈）' },
  shmem: { en: 'shared memory and tmpfs', zh: '共享内存与 tmpfs' },
  activeFile: { en: 'active page cache', zh: '活跃的文件缓存' },
  inactiveFile: { en: 'inactive page cache', zh: '不活跃的文件缓存' },
  otherFile: { en: 'page cache on no list (locked, in transit)', zh: '不在链表上的文件缓存（锁定或回写中）' },
  mappedFile: { en: 'of these pages, mapped by processes', zh: '其中被进程映射的页' },
  slab: { en: 'slab', zh: 'slab' },
  kernelStack: { en: 'kernel stacks', zh: '内核栈' },
  pageTables: { en: 'page tables', zh: '页表' },
  perCpu: { en: 'per-CPU memory', zh: '每 CPU 内存' },
  sockets: { en: 'socket buffers', zh: '套接字缓冲' },
  vmalloc: { en: 'vmalloc', zh: 'vmalloc' },
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
  'why.mappedFile': { en: 'Page cache and shared memory that processes have mapped; it is a part of the cache.', zh: '被进程映射的文件缓存与共享内存；已包含在 cache 之内。' },
  'why.kernel': { en: 'Memory that the kernel holds for the cgroup; rss and cache do not contain it, usage does.', zh: '内核为该 cgroup 持有的内存：rss 与 cache 不含它，用量含它。' },
  'why.maxUsage': { en: 'The most that usage has ever been, page cache included: a high mark, not a need.', zh: '用量的历史最大值，含文件缓存：只是高水位，并非真实需求。' },
  'why.free': { en: 'free, and the head of top, read /proc/meminfo: the whole machine, also inside the pod; the limit is not seen.', zh: 'free 与 top 的表头读取 /proc/meminfo：即使在 pod 内看到的也是整台机器，看不到上限。' },
  'why.freeMachine': { en: 'What the kernel could not give out: it counts kernel memory, and takes active page cache as available, which the working set does neither.', zh: '内核无法再分配的部分：它计入内核内存，并把活跃文件缓存视为可用；工作集则相反。' },
  'why.oldFree': { en: 'Older versions of free took all of the cache off, shared memory too, and the rest of the machine stayed in.', zh: '旧版 free 减去全部缓存（连共享内存也减掉），看到的同样是整台机器。' },
  'heading.parts': { en: "What the cgroup's memory is", zh: 'cgroup 的内存由什么构成' },
  'heading.tools': { en: 'What each tool says, from one moment', zh: '同一时刻，各工具分别怎么说' },
  'heading.oom': { en: 'How far from an OOM kill', zh: '距离 OOM 还有多远' },
  'heading.podOom': { en: 'The pod as a whole has a limit too', zh: 'pod 整体也有上限' },
  'heading.pause': { en: 'The pause container', zh: 'pause 容器' },
  'heading.node': { en: 'Why the node is not the sum of its pods', zh: '节点为什么不等于各 pod 之和' },
  'heading.sample': { en: 'The sample behind kubectl top', zh: 'kubectl top 背后的样本' },
  'heading.notes': { en: 'What documents say of it, and what holds today', zh: '文档里的说法与今天的事实' },
  'oom.cgroup': { en: 'limit {limit}, reclaimable {reclaimable}, not reclaimable {unreclaimable}: {distance} left. What cannot be reclaimed decides.', zh: '上限 {limit}，可回收 {reclaimable}，不可回收 {unreclaimable}，还剩 {distance}。起决定作用的是不可回收的部分。' },
  'oom.machine': { en: 'no limit of its own: the machine has {limit}, of which {distance} are available (MemAvailable), {reclaimable} of them by reclaim.', zh: '自身没有上限：机器共 {limit}，可用 {distance}（MemAvailable），其中 {reclaimable} 靠回收得到。' },
  'oom.none': { en: 'no limit is known.', zh: '没有已知的上限。' },
  'samples.top': { en: 'kubectl top is of another moment: {there} in its sample, {here} here, {apart} apart.', zh: 'kubectl top 取自另一时刻：其样本为 {there}，此处为 {here}，相差 {apart}。' },
  'samples.docker': { en: "docker's answer is of another moment: usage {there} in its sample, {here} here, {apart} apart.", zh: 'docker 的回答取自另一时刻：其样本用量为 {there}，此处为 {here}，相差 {apart}。' },
  sample: { en: '{timestamp}, window {window}, {age} s old', zh: '{timestamp}，窗口 {window}，{age} 秒前' },
  'sample.none': { en: 'There is none: kubectl top shows nothing for it now. k7s top doctor says why.', zh: '没有样本：kubectl top 现在不会显示它。k7s top doctor 会说明原因。' },
  pause: { en: 'working set {workingSet}, usage {usage}', zh: '工作集 {workingSet}，用量 {usage}' },
  'node.containers': { en: 'containers, as kubectl top pod adds them up', zh: '各容器（kubectl top pod 的总和）' },
  'node.podCgroups': { en: 'pause containers, and what pods hold themselves', zh: 'pause 容器及记在 pod 自身的内存' },
  'node.outside': { en: 'daemons, and page cache of no pod', zh: '系统进程，以及不属于任何 pod 的缓存' },
  'node.rest': { en: 'what is in no container', zh: '不在任何容器中的部分' },
  'node.whole': { en: 'the node, as kubectl top node shows it', zh: '节点（kubectl top node）' },
  'note.inactiveFile': { en: 'inactive_file is page cache, not anonymous memory: it can be dropped and read again.', zh: 'inactive_file 是文件缓存，并非匿名内存：可以丢弃并重新读入。' },
  'note.oom': { en: 'The OOM killer looks at usage after reclaim, not at the working set: active page cache is given back first.', zh: 'OOM killer 看的是回收之后的用量，而不是工作集：活跃的文件缓存会先被回收。' },
  'note.script': { en: 'rss + cache + shmem − inactive_file counts shared memory twice, since cache contains it, and leaves kernel memory out; usage − inactive_file is the working set.', zh: 'rss + cache + shmem − inactive_file 把共享内存算了两次（cache 已包含），又漏掉内核内存；usage − inactive_file 才是工作集。' },
  'note.docker': { en: 'docker stats once subtracted all of the cache; since 20.10 it subtracts inactive_file, as kubectl top does.', zh: 'docker stats 以前减去全部缓存；20.10 起减去 inactive_file，与 kubectl top 一致。' },
  'note.rssCache': { en: 'usage = rss + cache holds only without kernel memory, which cgroup v1 keeps in memory.kmem.usage_in_bytes, not in memory.stat.', zh: 'usage = rss + cache 只在没有内核内存时成立；cgroup v1 把它记在 memory.kmem.usage_in_bytes，而不在 memory.stat。' },
  'note.execTop': { en: 'top inside the pod shows the RSS of processes, shared pages in each of them, and in its head the memory of the machine, not the limit.', zh: '在 pod 内运行 top 看到的是进程 RSS（共享页在每个进程里都算），表头则是整台机器的内存，而不是上限。' },
  'note.nodeTop': { en: 'top on the node adds up processes; kubectl top node reads the root cgroup, page cache included: the two are not comparable.', zh: '在节点上运行 top 是按进程统计；kubectl top node 读取根 cgroup，含文件缓存：二者不能直接对比。' },
  'note.pause': { en: 'The pause container has a cgroup of its own below the pod; kubectl top adds up the other containers only.', zh: 'pause 容器在 pod 之下有自己的 cgroup；kubectl top 只累加其余容器。' },
  'note.sample': { en: 'Two samples of different moments: the difference is the time between them, not an error.', zh: '两个样本取自不同时刻：差异来自时间，并非错误。' },
  'note.swap': { en: '{swap} more are in swap; usage does not contain them.', zh: '另有 {swap} 在交换区，不含在用量之内。' },
  'note.wholeMachine': { en: 'kernel memory, which the root cgroup does not count into its usage.', zh: '内核内存：根 cgroup 的用量不包含它。' },
  'note.node': { en: 'The node is its root cgroup: system daemons and page cache of no pod are in it, so it is more than the sum of its pods.', zh: '节点取自根 cgroup：其中还有系统进程以及不属于任何 pod 的缓存，因此大于各 pod 之和。' },
  ...doctorWords,
} as const satisfies Record<string, Record<Language, string>>;

/** The sentence of a key, with `{name}` filled in. */
export function say(key: string, language: Language, values: Readonly<Record<string, string>> = {}): string {
  const sentence = (words as Record<string, Record<Language, string>>)[key]?.[language] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
