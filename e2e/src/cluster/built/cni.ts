import type { NetworkPlan } from './network.ts';

/** isGateway is false because we put the gateway's address on the bridge ourselves: the plugin would set ip_forward. */
export function cniConfig(plan: NetworkPlan, dataDirectory: string): object {
  return {
    cniVersion: '0.4.0',
    name: plan.bridge,
    plugins: [
      {
        type: 'bridge',
        bridge: plan.bridge,
        isGateway: false,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: dataDirectory,
          ranges: [[{ subnet: plan.podCidr, gateway: plan.nodeAddress }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}
