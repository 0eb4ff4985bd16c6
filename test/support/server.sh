# Shell functions for scripts that need a server of their own: build a variant of the extension, install
# it into a private copy of PostgreSQL, run servers from there, and leave nothing behind.
# Source it, then: scratch_begin; build_variant release; install_variant release; server_start NAME.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pg_config=${PG_CONFIG:-pg_config}
cores=$(nproc)
scratch=
bindir=
port=
server_data=()

# Servers refuse root, so root hands the work to the server's usual user.
server_user=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
  server_user=postgres
  id "$server_user" >/dev/null 2>&1 || server_user=nobody
fi

# Runs a command as the user who owns the throw-away directory, and in it: that user may be unable to
# read the directory of the clone.
as_server() {
  (
    cd "$scratch" || exit 1
    export HOME=$scratch
    if [ "$(id -u)" -eq 0 ]; then
      exec setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --init-groups -- "$@"
    fi
    exec "$@"
  )
}

fail() {
  echo "$*" >&2
  exit 1
}

# A throw-away directory that vanishes with this shell, together with every server started from it.
# KEEP_SCRATCH=1, set at any time, leaves both.
scratch_begin() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/pg_weir.XXXXXX")
  trap scratch_end EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  chmod 755 "$scratch"
  # What clients and the server exchange is for their user alone: local connections are trusted.
  mkdir "$scratch/run" "$scratch/log"
  chmod 700 "$scratch/run"
  [ "$(id -u)" -ne 0 ] || chown -R "$server_user:" "$scratch"
  export PGHOST=$scratch/run PGUSER=postgres PGDATABASE=postgres
  unset PGPORT PGSERVICE PGOPTIONS PGPASSWORD
}

scratch_end() {
  local status=$? data
  trap - EXIT INT TERM HUP
  [ -z "${KEEP_SCRATCH:-}" ] || exit "$status"
  for data in "${server_data[@]}"; do server_stop "$data" immediate; done
  rm -rf "$scratch"
  exit "$status"
}

# Copies files of the clone to where the server's user can read them; prints the copy's path.
stage() {
  local path=$1
  mkdir -p "$scratch/files/$(dirname "$path")"
  rm -rf "$scratch/files/$path"
  cp -R "$root/$path" "$scratch/files/$path"
  chmod -R a+rX "$scratch/files"
  [ "$(id -u)" -ne 0 ] || chown -R "$server_user:" "$scratch/files"
  echo "$scratch/files/$path"
}

# make in the clone, with the variant's flags: weir_make release|failpoints [make's arguments].
weir_make() {
  local variant=$1 failpoints=
  shift
  [ "$variant" != failpoints ] || failpoints=1
  # The lock keeps two scripts from writing the same object files.
  mkdir -p "$root/build"
  flock "$root/build/.lock" make -C "$root" --no-print-directory -j"$cores" \
    WEIR_FAILPOINTS="$failpoints" "$@"
}

# Builds release or failpoints; says nothing but what went wrong.
build_variant() {
  local variant=$1 log=$scratch/log/build-$1.log
  shift
  weir_make "$variant" PG_CONFIG="$pg_config" "$@" >"$log" 2>&1 && return 0
  tail -n 40 "$log" >&2
  return 1
}

# Installs a built variant into a private copy of the server and sets bindir to that copy's programs.
install_variant() {
  local variant=$1 log=$scratch/log/install-$1.log private
  private=$(PG_CONFIG=$pg_config "$root/test/support/pg_tree.sh" "$scratch/pg-$variant") || return 1
  if ! weir_make "$variant" PG_CONFIG="$private" install >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    return 1
  fi
  bindir=$(dirname "$private")
  chmod -R a+rX "$scratch/pg-$variant"
}

# A port nobody listens on; it also names the socket, so it is asked for once a server.
free_port() {
  local candidate
  while :; do
    candidate=$((20000 + RANDOM % 30000))
    (: <"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
  done
  echo "$candidate"
}

# Starts a server: server_start NAME [SETTING=VALUE...]. It listens on a socket in $scratch/run only, so
# no other user of the machine can reach it, and sets port and PGPORT.
server_start() {
  local name=$1 data=$scratch/$1 setting
  shift
  port=$(free_port)
  export PGPORT=$port
  as_server "$bindir/initdb" -D "$data" -A trust -U postgres -E UTF8 --no-locale -N \
    >"$scratch/log/initdb-$name.log" 2>&1 || { cat "$scratch/log/initdb-$name.log" >&2; return 1; }
  {
    echo "port = $port"
    echo "listen_addresses = ''"
    echo "unix_socket_directories = '$scratch/run'"
    echo "shared_preload_libraries = 'pg_weir'"
    echo "fsync = off"
    echo "log_line_prefix = '%m [%p] %b '"
    for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
  } >>"$data/postgresql.conf"
  server_data+=("$data")
  if ! as_server "$bindir/pg_ctl" start -w -s -D "$data" -l "$scratch/log/server-$name.log"; then
    tail -n 20 "$scratch/log/server-$name.log" >&2
    return 1
  fi
}

server_stop() {
  local data=$1 mode=${2:-fast}
  [ ! -f "$data/postmaster.pid" ] ||
    as_server "$bindir/pg_ctl" stop -w -s -D "$data" -m "$mode" >/dev/null 2>&1 || true
}

# psql that stops at the first error and prints nothing but results.
sql() {
  as_server "$bindir/psql" -Xq -v ON_ERROR_STOP=1 "$@"
}

# One value: value "SELECT ..." [DATABASE].
value() {
  sql -At -c "$1" "${2:-$PGDATABASE}"
}

# What the machine is, in a line.
machine() {
  local model memory
  model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
  memory=$(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo)
  echo "${model:-$(uname -m)}, $cores cores, $memory, $("$bindir/postgres" --version | cut -d' ' -f1-3)"
}
