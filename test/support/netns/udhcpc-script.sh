#!/bin/sh
# What busybox udhcpc calls: takes the address, and says in one line what it was told.
case "$1" in
  bound)
    ip addr flush dev "$interface"
    ip addr add "$ip/$mask" dev "$interface"
    ;;
esac
echo "$1 ip=${ip:-} mask=${mask:-} router=${router:-} dns=${dns:-} server=${serverid:-} next=${siaddr:-} file=${boot_file:-} lease=${lease:-}"
