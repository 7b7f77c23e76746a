#!/usr/bin/env bash
# PostgreSQL and, in front of it, MLflow's server with a password, both on this machine, until Ctrl-C.
#
#   deploy/start.sh FOLDER
#
# FOLDER holds the database and the artifacts; it is made where it is not there. Passwords come from the environment, see
# example.env. So does what else is to be chosen:
#
#   MLFLOW_HOST, MLFLOW_PORT   where MLflow's server listens: 127.0.0.1, 5000
#   MLFLOW_AUTH_CONFIG_PATH    what its users may do: basic_auth.ini beside this script
#   WORKERS                    its workers: 4
#   POSTGRES_PORT              where PostgreSQL listens, on 127.0.0.1 alone: 5433
#   DATABASE_USER              whom PostgreSQL runs as where root calls this: postgres
#   PYTHON                     the Python that MLflow is installed for: the clone's
set -euo pipefail

# fail WHY [CODE]
fail() {
  echo "deploy/start.sh: $1" >&2
  exit "${2:-2}"
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -eq 1 && $1 != -* ]] || fail "give the folder of the database and the artifacts"
for name in POSTGRES_PASSWORD MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_FLASK_SERVER_SECRET_KEY; do
  [[ -n ${!name:-} ]] || fail "$name is not in the environment; see deploy/example.env"
done
((${#MLFLOW_AUTH_ADMIN_PASSWORD} >= 12)) || fail "MLFLOW_AUTH_ADMIN_PASSWORD needs 12 characters or more"
host=${MLFLOW_HOST:-127.0.0.1} port=${MLFLOW_PORT:-5000}
python=${PYTHON:-$here/../.venv/bin/python}
python=$(realpath --no-symlinks "$(command -v "$python" || echo "$python")")
[[ -x $python ]] || fail "there is no $python; PYTHON names the one that MLflow is installed for"
"$python" -c 'import flask_wtf, mlflow, psycopg2' 2>/dev/null || fail "$python lacks what a server needs: pip install 'rnnlab[server]'"
binaries=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
PATH=${binaries:+$binaries:}$PATH
command -v initdb >/dev/null || fail "there is no PostgreSQL here: apt-get install postgresql"

# PostgreSQL refuses to run as root.
as_database_user=(env)
database_user=$(id -un)
if [[ $database_user == root ]]; then
  database_user=${DATABASE_USER:-postgres}
  id "$database_user" >/dev/null 2>&1 || fail "there is no user $database_user; DATABASE_USER names whom PostgreSQL is to run as"
  as_database_user=(setpriv --reuid="$database_user" --regid="$(id -g "$database_user")" --init-groups env)
fi
as_database_user+=(-u MLFLOW_AUTH_ADMIN_PASSWORD -u MLFLOW_FLASK_SERVER_SECRET_KEY -u POSTGRES_PASSWORD -u PGPASSWORD)

[[ -d $1 ]] || install --directory --mode=0711 "$1"
folder=$(cd "$1" && pwd)
install --directory --mode=0700 "$folder/artifacts"
data=$folder/postgresql
cd "$folder"

export PGHOST=127.0.0.1 PGPORT=${POSTGRES_PORT:-5433} PGUSER=mlflow PGPASSWORD=$POSTGRES_PASSWORD
unset PGDATABASE PGSERVICE PGPASSFILE

if [[ ! -e $data/PG_VERSION ]]; then
  new=$folder/postgresql.new
  rm -rf "$new" "$folder/password"
  install --directory --owner="$database_user" --mode=0700 "$new"
  install --owner="$database_user" --mode=0600 /dev/null "$folder/password"
  printf '%s\n' "$POSTGRES_PASSWORD" >"$folder/password"
  "${as_database_user[@]}" initdb --pgdata="$new" --username=mlflow --pwfile="$folder/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  rm "$folder/password"
  mv "$new" "$data" # so that it is there whole or not at all
fi

database= server=
stop() {
  trap '' INT TERM
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  if [[ -n $database ]]; then
    kill -INT "$database" 2>/dev/null || true # PostgreSQL's fast shutdown: it does not wait for clients
    wait "$database" || true
  fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_until WHAT COMMAND...: until the command succeeds; ends where a server has ended.
wait_until() {
  local what=$1
  shift
  until "$@" >/dev/null 2>&1; do
    for process in $database $server; do
      kill -0 "$process" 2>/dev/null || fail "$what; see above why" 1
    done
    sleep 0.2
  done
}

# A statement that fails is not written to the log: those of the users' table hold password hashes.
"${as_database_user[@]}" postgres -D "$data" -c listen_addresses="$PGHOST" -c port="$PGPORT" \
  -c unix_socket_directories= -c log_min_error_statement=panic &
database=$!
wait_until "PostgreSQL did not start" pg_isready --dbname=postgres
said=$(psql --no-password --dbname=postgres --command='SELECT 1' 2>&1 >/dev/null) || fail "PostgreSQL does not let the server in: $said"
for name in mlflow mlflow_auth; do
  found=$(psql --no-password --dbname=postgres --tuples-only --no-align --command="SELECT 1 FROM pg_database WHERE datname = '$name'")
  [[ $found == 1 ]] || createdb --no-password "$name"
done

export MLFLOW_AUTH_CONFIG_PATH=${MLFLOW_AUTH_CONFIG_PATH:-$here/basic_auth.ini}
export MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
env -u POSTGRES_PASSWORD "$python" -m mlflow server --app-name basic-auth --host "$host" --port "$port" \
  --workers "${WORKERS:-4}" --uvicorn-opts "--log-level warning" \
  --backend-store-uri postgresql+psycopg2:///mlflow --serve-artifacts --artifacts-destination "$folder/artifacts" &
server=$!
wait_until "MLflow's server did not start" "$python" -c \
  "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)" "http://$host:$port/health"
echo "MLflow is at http://$host:$port (Ctrl-C stops it)"
wait -n "$database" "$server" || true
fail "a server has ended by itself; see above why" 1
