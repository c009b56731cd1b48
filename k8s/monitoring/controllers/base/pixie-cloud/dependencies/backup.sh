#!/bin/sh
# Writes one dump of the database, reads its table of contents back, and only then gives it its name. Old dumps go when a
# new one is there, and never the last KEEP of them.
set -eu

directory=${DIRECTORY:-/backup}
keep=${KEEP:-14}

unfinished="$directory/unfinished.dump"
dump="$directory/pl-$(date -u +%Y%m%dT%H%M%SZ).dump"

pg_dump --format=custom --no-owner --no-privileges --file="$unfinished"
entries=$(pg_restore --list "$unfinished" | grep -c 'TABLE DATA' || true)
if [ "$entries" -eq 0 ]; then
  echo "the dump holds no table: it is not taken for a backup" >&2
  exit 1
fi
mv "$unfinished" "$dump"
echo "$dump: $(wc -c <"$dump") bytes, $entries tables"

# Names sort by time.
find "$directory" -name 'pl-*.dump' | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
  rm -f "$old"
  echo "$old: removed"
done
