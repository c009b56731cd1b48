#!/bin/sh
# Puts the newest dump (or DUMP) in place of what is in the database. All of it or nothing: one transaction.
set -eu

directory=${DIRECTORY:-/backup}
dump=${DUMP:-$(find "$directory" -name 'pl-*.dump' | sort | tail -n 1)}
if [ ! -f "$dump" ]; then
  echo "there is no dump in $directory" >&2
  exit 1
fi

# Those that just ended may be there for a moment yet.
patience=${PATIENCE:-10}
while :; do
  others=$(psql --tuples-only --no-align --command \
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'")
  [ "$others" -ne 0 ] || break
  if [ "$patience" -eq 0 ]; then
    echo "clients that are still connected: $others. Stop Pixie's servers first" >&2
    exit 1
  fi
  patience=$((patience - 1))
  sleep 1
done

echo "restoring $dump"
pg_restore --clean --if-exists --no-owner --no-privileges --single-transaction --exit-on-error --dbname="$PGDATABASE" "$dump"
echo "restored"
