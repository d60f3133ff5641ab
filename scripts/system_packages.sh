#!/usr/bin/env bash
# Installs what tests need beside Python: Chromium, PostgreSQL, LibreOffice. Does nothing when they are
# there. Where apt may not be used, it names what is missing: the tests then skip by name, and fail with CI=true.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
command -v soffice >/dev/null || command -v libreoffice >/dev/null || missing+=(libreoffice-calc-nogui)
[ ${#missing[@]} -eq 0 ] && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else
    echo "Not installed, and apt may not be used here: ${missing[*]}. Tests that need them will say so." >&2
    exit 0
  fi
fi
command -v apt-get >/dev/null || { echo "Not installed, and there is no apt-get: ${missing[*]}." >&2; exit 0; }
echo "Installing ${missing[*]} with apt ..."
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
