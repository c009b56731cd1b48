/** Where a program of the guest writes its result; every console and every serial line is beside it. */
export const RESULT_DESCRIPTOR = 3;

/**
 * The guest's first process. Two things are not obvious:
 *
 * - The kernel's first root cannot be left by pivot_root(2), which runc does. So it is mounted over itself.
 * - A terminal's line discipline would rewrite what is sent, hence `raw`.
 */
export const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /root
/bin/busybox mount --bind / /root
cd /root
/bin/busybox mount --move . /
exec /bin/busybox chroot . /bin/busybox sh /start
`;

/** Mounts what a node has mounted, runs one program to its end and says how it ended, and turns the guest off. */
export const startScript = (program: string, timeoutSeconds: number): string => `
export PATH=/bin HOME=/root NO_COLOR=1
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
stty -F /dev/ttyS1 raw
exec 3>/dev/ttyS1
timeout -s KILL ${timeoutSeconds} node --conditions=@kernel-gossip/source ${program}
printf '\\nexit %d\\n' $? >&3
exec 3>&-
poweroff -f
`;
