#!/usr/bin/env bash
# Run a command with its temporary files in memory where there is room, else as it stands. The tests make some hundred
# homes, and every lasting write of a home waits for its disk: that is half of their time on a slow one.
# A TMPDIR that is given is kept. The folder goes with the command.
set -euo pipefail

least=$((12 * 1024 * 1024)) # KiB; the suite was seen to take less than half

free_kib() {
  {
    df --output=avail -k /dev/shm | tail -n 1
    awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
    if [[ "$(cat /sys/fs/cgroup/memory.max 2>/dev/null)" =~ ^[0-9]+$ ]]; then
      echo $((($(cat /sys/fs/cgroup/memory.max) - $(cat /sys/fs/cgroup/memory.current)) / 1024))
    fi
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
