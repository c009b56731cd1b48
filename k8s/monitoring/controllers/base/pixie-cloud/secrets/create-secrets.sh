#!/bin/sh
# Makes each secret that Pixie Cloud needs, once. The API server refuses to create what is there already (409), so a second
# run changes nothing; the account that runs this may create Secrets, and may neither read nor change one.
set -eu

server=${API_SERVER:-https://kubernetes.default.svc}
account=${ACCOUNT:-/var/run/secrets/kubernetes.io/serviceaccount}
work=${WORK:-/tmp}
namespace=$(cat "$account/namespace")

random() {
  LC_ALL=C tr -dc 'a-zA-Z0-9' </dev/urandom | head -c "$1"
}

# create NAME KEYS, where KEYS is what stands inside the braces of stringData. By files and not by arguments, which any
# program on the machine may read.
create() {
  cat >"$work/secret" <<JSON
{"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"$1","namespace":"$namespace"},"stringData":{$2}}
JSON
  status=$(curl --silent --show-error --retry 5 --retry-connrefused --cacert "$account/ca.crt" \
    --header "@$work/headers" --data "@$work/secret" --output "$work/answer" --write-out '%{http_code}' \
    "$server/api/v1/namespaces/$namespace/secrets")
  rm -f "$work/secret"
  case $status in
    201) echo "$1: created" ;;
    409) echo "$1: is there already, left as it is" ;;
    *)
      echo "$1: the API server answered $status: $(cat "$work/answer")" >&2
      exit 1
      ;;
  esac
}

umask 077
printf 'Content-Type: application/json\nAuthorization: Bearer %s\n' "$(cat "$account/token")" >"$work/headers"

# Names, keys and lengths as in Pixie's scripts/create_cloud_secrets.sh. The last one is ours: Pixie's manifests make the
# administrator's password "admin".
create cloud-auth-secrets "\"jwt-signing-key\":\"$(random 64)\""
create cloud-session-secrets "\"session-key\":\"$(random 24)\""
create pl-hydra-secrets "\"SECRETS_SYSTEM\":\"$(random 64)\",\"OIDC_SUBJECT_IDENTIFIERS_PAIRWISE_SALT\":\"$(random 64)\",\"CLIENT_SECRET\":\"$(random 64)\""
create pl-db-secrets "\"PL_POSTGRES_USERNAME\":\"pl\",\"PL_POSTGRES_PASSWORD\":\"$(random 32)\",\"database-key\":\"$(random 24)\""
create pixie-admin "\"email\":\"admin@default.com\",\"password\":\"$(random 24)\""
