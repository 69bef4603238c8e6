#!/bin/bash
# Measures deliveries beside the databases' own clients, on private servers of this machine:
#   Tests/delivery-figures.sh [ROUNDS]
# With SERVER_CORE=0 the servers keep to processor 0, and the clients, Segledger among them, to the
# others: what servers do in the background then takes nothing from the clients, nor these from it, as
# if they were on two machines.
# Starts PostgreSQL, MariaDB and ClickHouse on free ports of 127.0.0.1 in a temporary directory, runs
# `segledger bench --only delivery` of the release build against them, and stops them by their
# process ids.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
servers=() clients=()
if [ -n "${SERVER_CORE:-}" ]; then
    others=$(seq 0 $(($(nproc) - 1)) | grep -vx "$SERVER_CORE" | paste -sd,)
    servers=(taskset -c "$SERVER_CORE") clients=(taskset -c "$others")
fi
program=.build/release/segledger
[ -x "$program" ] || { echo "there is no $program: run 'make release' first" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/segledger-figures.XXXXXX")
chmod 755 "$work"
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Servers refuse root: then they run as the user that their package made.
as() {
    local user=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid="$user" --regid="$user" --clear-groups "${servers[@]}" "$@"
    else exec "${servers[@]}" "$@"; fi
}

until_ready() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "a server does not answer: $*" >&2
    exit 1
}

pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
pg_port=$(free_port)
mkdir "$work/pg"; [ "$(id -u)" -eq 0 ] && chown postgres "$work/pg"
(as postgres "$pg/initdb" -D "$work/pg/data" -U postgres -E UTF8 --no-locale --auth=trust >/dev/null)
(as postgres "$pg/postgres" -D "$work/pg/data" -c listen_addresses=127.0.0.1 -c port="$pg_port" \
    -c unix_socket_directories="$work/pg" >"$work/pg.log" 2>&1) &
pids+=($!)

my_port=$(free_port)
mkdir "$work/my"; [ "$(id -u)" -eq 0 ] && chown mysql "$work/my"
(as mysql mariadb-install-db --no-defaults --datadir="$work/my/data" --auth-root-authentication-method=normal \
    --skip-test-db >/dev/null 2>&1)
(as mysql mariadbd --no-defaults --datadir="$work/my/data" --socket="$work/my/socket" --port="$my_port" \
    --bind-address=127.0.0.1 >"$work/my.log" 2>&1) &
pids+=($!)

ch_port=$(free_port)
mkdir "$work/ch"
cat >"$work/ch/config.xml" <<XML
<yandex>
  <logger><level>warning</level><log>$work/ch/log</log><errorlog>$work/ch/errors</errorlog></logger>
  <listen_host>127.0.0.1</listen_host><http_port>$ch_port</http_port>
  <path>$work/ch/data/</path><tmp_path>$work/ch/tmp/</tmp_path><mark_cache_size>67108864</mark_cache_size>
  <users_config>$work/ch/users.xml</users_config><default_profile>default</default_profile>
  <default_database>default</default_database>
</yandex>
XML
cat >"$work/ch/users.xml" <<XML
<yandex><profiles><default/></profiles><quotas><default/></quotas>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users></yandex>
XML
[ "$(id -u)" -eq 0 ] && chown -R clickhouse "$work/ch"
(as clickhouse clickhouse-server --config-file="$work/ch/config.xml" >"$work/ch.log" 2>&1) &
pids+=($!)

until_ready "$pg/pg_isready" -q -h 127.0.0.1 -p "$pg_port"
until_ready mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P "$my_port" -u root -e 'SELECT 1'
until_ready curl -sf "http://127.0.0.1:$ch_port/ping"
mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P "$my_port" -u root -e 'CREATE DATABASE bench'

"${clients[@]}" "$program" bench --only delivery --rounds "$rounds" --into "$work" \
    --postgresql "postgresql://postgres@127.0.0.1:$pg_port/postgres" \
    --mysql "mysql://root@127.0.0.1:$my_port/bench" \
    --clickhouse "clickhouse://default@127.0.0.1:$ch_port/default" "${@:2}"
