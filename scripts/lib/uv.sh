# Sourced by the scripts: finds uv, the program that makes the environments from the lock files.
# shellcheck shell=bash

UV_VERSION=0.13.8

# Python is only ever downloaded where a script asks for it.
export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=manual

# Say on one line why we stop.
die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Print the path of a Python that can run the daemon: the lowest supported one, so that nothing newer slips in.
find_python() {
  local name
  for name in python3.11 python3 python3.12 python3.13 python3.14; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  die "Python 3.11 or newer is needed: apt install python3"
}

# Use the package index, certificates and proxies that pip was told to use; uv does not read pip's settings.
use_machine_index() {
  local python setting key value
  python=$(find_python)
  "$python" -m pip --version >/dev/null 2>&1 || return 0
  while IFS= read -r setting; do
    key=${setting%%=*}
    key=${key##*.}
    value=${setting#*=}
    value=${value#\'}
    value=${value%\'}
    case $key in
      index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$value} ;;
      cert) export SSL_CERT_FILE=${SSL_CERT_FILE:-$value} ;;
      proxy) export ALL_PROXY=${ALL_PROXY:-$value} ;;
      trusted-host) export UV_INSECURE_HOST=${UV_INSECURE_HOST:-${value//\\n/ }} ;;
    esac
  done < <("$python" -m pip config list 2>/dev/null)
}

# Print the path of uv, fetching the pinned version into .tools/uv when it is not there yet.
find_uv() {
  local folder=$PWD/.tools/uv python
  if [[ ! -x $folder/bin/uv || $(cat "$folder/version" 2>/dev/null) != "$UV_VERSION" ]]; then
    python=$(find_python)
    "$python" -m pip --version >/dev/null 2>&1 || die "pip is needed: apt install python3-pip"
    # --target is allowed even where the system's Python is marked as externally managed.
    rm -rf "$folder"
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
      --target "$folder" "uv==$UV_VERSION" >&2 || die "could not install uv $UV_VERSION with pip"
    echo "$UV_VERSION" >"$folder/version"
  fi
  echo "$folder/bin/uv"
}
