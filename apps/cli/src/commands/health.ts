import type { HealthStatus } from '@agent-orchestrator/runtime';
import type { Define } from '../command-module.ts';
import { healthLines } from '../views/health.ts';

const EXIT = { healthy: 0, degraded: 1, unhealthy: 69 } as const satisfies Record<HealthStatus, number>;

const define: Define = (program, run) => {
  program
    .command('health')
    .description(
      'tell whether agents can work on the store: healthy (exit 0), degraded (1, too much fails) or unhealthy (69)',
    )
    .addHelpText('after', THRESHOLDS_HELP)
    .action(
      run(async (call) => {
        const { readHealth, thresholdValues } = await import('@agent-orchestrator/runtime');
        const { namespace } = call.options;
        const thresholds = thresholdValues(call.settings.thresholds);
        const { asOf, ...health } = await readHealth(call.settings.store.value, { namespace, thresholds });
        return {
          kind: 'health',
          data: health,
          ...(asOf !== null && { asOf }),
          ids: [health.status],
          text: (paint) => healthLines(health, paint),
          chatter: health.status === 'healthy' ? [] : ['next: orchestrator status, orchestrator doctor'],
          exit: EXIT[health.status],
        };
      }),
    );
};

export default define;

const THRESHOLDS_HELP = `
A figure of the last hour that is greater than its threshold makes the health degraded. "thresholds" in the
configuration file or METRICS_THRESHOLD_… variables change them: see \`orchestrator config list\`.
  {"thresholds": {"retry_attempts": 50, "dead_letters_open": 0}}`;
