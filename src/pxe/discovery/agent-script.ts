/**
 * What a discovery image runs: a script for busybox's shell that looks at the machine, tells the server, and restarts the
 * machine once it is approved (or rejected), so that it boots what it is to be.
 *
 * An image fetches it from `<tetsukan.discovery>/agent`, the kernel argument that our script boots it with, and runs it
 * with that URL as its argument. It needs busybox (sh, grep, sed, tr, wget, timeout and reboot), and takes what else is there.
 */

/** Seconds between two questions. */
const askSeconds = 5;

export const agentScript = `#!/bin/sh
# Tells Tetsukan what this machine is made of, then waits to be approved.
url="$1"

# JSON of one line of text: no backslash, quote or control character survives.
text() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\\\\"' | tr '\\000-\\037\\177-\\377' ' ' | cut -c 1-200)"; }
of() { [ -r "$1" ] && text "$(head -n 1 "$1" 2>/dev/null)" || printf null; }
number() { case "$1" in '' | *[!0-9]*) printf null ;; *) printf '%s' "$1" ;; esac; }

dmi=/sys/class/dmi/id
facts() {
  printf '{"cpu":{"model":'
  text "$(grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //')"
  printf ',"threads":'
  number "$(grep -c '^processor' /proc/cpuinfo)"
  printf '},"memoryKiB":'
  number "$(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
  printf ',"disks":['
  first=1
  for disk in /sys/block/*; do
    name="\${disk##*/}"
    case "$name" in loop* | ram* | zram* | dm-* | sr* | md* | fd* | '*') continue ;; esac
    [ $first = 1 ] || printf ,
    first=0
    printf '{"name":'
    text "$name"
    printf ',"sectors":'
    number "$(cat "$disk/size" 2>/dev/null)"
    printf ',"rotational":'
    number "$(cat "$disk/queue/rotational" 2>/dev/null)"
    printf ',"model":'
    of "$disk/device/model"
    printf ',"serial":'
    if [ -r "$disk/serial" ]; then of "$disk/serial"; else of "$disk/device/serial"; fi
    printf '}'
  done
  printf '],"nics":['
  first=1
  for nic in /sys/class/net/*; do
    name="\${nic##*/}"
    [ "$name" = lo ] && continue
    [ $first = 1 ] || printf ,
    first=0
    printf '{"name":'
    text "$name"
    printf ',"mac":'
    of "$nic/address"
    printf ',"speedMbps":'
    number "$(cat "$nic/speed" 2>/dev/null)"
    printf ',"carrier":'
    number "$(cat "$nic/carrier" 2>/dev/null)"
    printf ',"driver":'
    text "$(basename "$(readlink "$nic/device/driver" 2>/dev/null)" 2>/dev/null)"
    printf ',"lldp":'
    text "$(lldpctl -f keyvalue "$name" 2>/dev/null | grep -E 'chassis.name|port.ifname|port.descr' | tr '\\n' ' ')"
    printf '}'
  done
  printf '],"bmc":{"present":'
  if [ -e /dev/ipmi0 ] || [ -e /sys/class/ipmi/ipmi0 ]; then printf true; else printf false; fi
  printf ',"address":'
  text "$(ipmitool lan print 2>/dev/null | sed -n 's/^IP Address  *: //p')"
  printf '},"firmware":{"vendor":'
  of $dmi/bios_vendor
  printf ',"version":'
  of $dmi/bios_version
  printf ',"date":'
  of $dmi/bios_date
  printf ',"kind":'
  if [ -d /sys/firmware/efi ]; then printf '"uefi"'; else printf '"bios"'; fi
  printf '},"system":{"manufacturer":'
  of $dmi/sys_vendor
  printf ',"product":'
  of $dmi/product_name
  printf ',"serial":'
  of $dmi/product_serial
  printf ',"asset":'
  of $dmi/chassis_asset_tag
  printf '},"kernel":'
  of /proc/sys/kernel/osrelease
  printf '}\n'
}

body="\${TMPDIR:-/tmp}/tetsukan-facts.json"
mkdir -p "\${TMPDIR:-/tmp}"
facts > "$body"
until timeout 20 wget -q -O /dev/null --header 'Content-Type: application/json' --post-file "$body" "$url/facts"; do
  echo "tetsukan: the facts were not taken; next try in 10 seconds"
  sleep 10
done
echo "tetsukan: the server knows what this machine is made of; it waits for approval and then restarts by itself"
while :; do
  sleep ${askSeconds}
  state="$(timeout 20 wget -q -O - "$url/state")"
  case "$state" in
    approved | rejected)
      echo "tetsukan: $state; restarting"
      [ -n "$TETSUKAN_NO_REBOOT" ] && exit 0
      reboot -f
      ;;
  esac
done
`;
