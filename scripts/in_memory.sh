#!/usr/bin/env bash
# Run a command with its temporary files in memory where there is room, else as it stands. The tests make some hundred
# homes, and every lasting write of a home waits for its disk: that is half of their time on a slow one.
# A TMPDIR that is given is kept. The folder goes with the command.
set -euo pipefail

least=$((12 * 1024 * 1024)) # KiB; the suite was seen to take half of it, beside its processes

limit() {
  local most
  most="$(cat "$1" 2>/dev/null || true)"
  if [[ "$most" =~ ^[0-9]+$ ]]; then
    echo $(((most - $(cat "$2")) / 1024))
  fi
}

free_kib() {
  {
    df --output=avail -k /dev/shm | tail -n 1
    awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
    # what a container may take: the second version of control groups, then the first
    limit "/sys/fs/cgroup/memory.max" "/sys/fs/cgroup/memory.current"
    limit "/sys/fs/cgroup/memory/memory.limit_in_bytes" "/sys/fs/cgroup/memory/memory.usage_in_bytes"
  } | sort -n | head -n 1
}

if [[ -z "${TMPDIR:-}" && "$(stat -f -c %T /dev/shm 2>/dev/null)" == tmpfs && -w /dev/shm ]] && (($(free_kib) >= least)); then
  TMPDIR="$(mktemp -d /dev/shm/outturn-XXXXXX)"
  chmod 711 "$TMPDIR" # a database server runs as a user of its own
  export TMPDIR
  trap 'rm -rf "$TMPDIR"' EXIT
  trap 'exit 130' INT TERM
fi
"$@"
