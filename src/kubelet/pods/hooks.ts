import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { execCheck, httpCheck, tcpCheck, type CheckResult, type CheckTarget } from '../probes/checks.ts';

/** Runs postStart or preStop once; 0 seconds: as long as it takes. */
export async function runHook(target: CheckTarget, hook: DeepReadonly<core.LifecycleHandler>, seconds: number): Promise<CheckResult> {
  try {
    if (hook.exec) return await execCheck(target, hook.exec.command ?? [], seconds);
    if (hook.httpGet) return await httpCheck(target, hook.httpGet, seconds || 600, 'kube-lifecycle/1.34');
    if (hook.tcpSocket) return await tcpCheck(target, hook.tcpSocket, seconds || 600);
    if (hook.sleep) {
      await target.clock.sleep(hook.sleep.seconds * 1000, target.signal);
      return { ok: true, output: '' };
    }
    return { ok: false, output: 'invalid handler' };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}
