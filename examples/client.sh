#!/bin/bash
# Four things a script does with a fleet, with curl and jq.
#
#   client.sh unhealthy RACK
#   client.sh register SERIAL RACK
#   client.sh state SERIAL STATE
#   client.sh watch COUNT [ID]
#
# TETSU_SERVER and TETSU_TOKEN say which server, and who asks.
set -euo pipefail

api=${TETSU_SERVER:-http://localhost:10080}/api/v2
who=()
if [ -n "${TETSU_TOKEN:-}" ]; then who=(-H "Authorization: Bearer $TETSU_TOKEN"); fi

# Prints the answer; a refusal goes to standard error with every mistake, and ends with 1.
ask() {
  local answer status
  answer=$(curl -sS --max-time 30 "${who[@]}" -w '\n%{http_code}' "$@")
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  if [ "$status" -lt 300 ]; then
    printf '%s\n' "$answer"
    return
  fi
  jq -r '"\(.type | split(":")[-1]): \(.detail)",
         (.errors // [] | .[] | "  \(.pointer // .parameter) \(.detail)")' <<<"$answer" >&2
  return 1
}

unhealthy() { # RACK
  local selector="rack=$1,state in (unhealthy,unreachable)"
  # A rack fits on one page; for a whole fleet follow .next with cursor=, and begin anew on 410.
  ask -G "$api/machines" --data-urlencode "fieldSelector=$selector" |
    jq -r '.items[] | "\(.serial) \(.spec.ipv4[0]) \(.status.state): \(.status.reason.text // "no reason")"'
}

register() { # SERIAL RACK: looks first what would come of it; with a key, a lost answer does no harm
  local machine
  machine=$(jq -n --arg serial "$1" --argjson rack "$2" \
    '{$serial, spec: {$rack, role: "cs", bmc: {type: "iDRAC-9"}}}')
  ask -X POST "$api/machines?dryRun=true" --json "$machine" |
    jq -r '.items[] | "would get \(.spec.ipv4[0])"'
  ask -X POST "$api/machines" --json "$machine" -H "Idempotency-Key: register-$1" |
    jq -r '.items[] | "registered \(.serial) with \(.spec.ipv4[0])"'
}

state() { # SERIAL STATE: only if nobody changed the machine since it was looked at
  local machine revision change
  machine=$(ask "$api/machines/$1")
  revision=$(jq -r .revision <<<"$machine")
  change=$(jq -n --arg state "$2" '{status: {$state, reason: {text: "example"}}}')
  ask -X PATCH "$api/machines/$1" -H 'Content-Type: application/merge-patch+json' \
    -H "If-Match: \"$revision\"" --data "$change" |
    jq -r --argjson before "$machine" '"\(.serial) \($before.status.state) -> \(.status.state)"'
}

watch() { # COUNT [ID]: where the connection breaks, it goes on from the last id
  local left=$1 last=${2:-} field value name='' stream
  while [ "$left" -gt 0 ]; do
    exec 3< <(exec curl -sSN "${who[@]}" ${last:+-H "Last-Event-ID: $last"} "$api/watch/machines")
    stream=$!
    while [ "$left" -gt 0 ] && IFS=' ' read -r field value <&3; do
      case $field in
        id:) last=$value ;;
        event:) name=$value ;;
        data:)
          if [ "$name" = changes ]; then
            jq -r --arg id "$last" \
              '.changes[] | "\($id) \(.kind) \(.name) \(.object.status.state)"' <<<"$value"
            left=$((left - 1))
          elif [ "$name" = error ] && [ "$(jq .status <<<"$value")" = 410 ]; then
            echo 'history-gone: list again, then watch from its revision' >&2
            kill "$stream"
            return 1
          fi
          ;;
      esac
    done
    # curl would notice only at the next event that nobody reads it any more.
    kill "$stream" 2>/dev/null || true
    [ "$left" -le 0 ] || sleep 1
  done
}

case ${1:-} in
  unhealthy | register | state | watch) "$@" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
