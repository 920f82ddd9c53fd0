# The server cannot reach etcd: it changes nothing, however many machines it could not ask about.
fleet racks=2 machines=8 spares=1
boot all
show from 04:00
at 05:00 etcd-cut 1
at 06:00 kill s-002
at 10:00 etcd-mend 1
run until 25:00
----
04:00 8 healthy; 3 control planes, 4 workers
10:33 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
10:33 plan 6: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:10:33.102Z
10:33 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:20:33.102Z
20:33 plan 7: add s-008 as worker: swap s-002 by it: s-002 is unreachable since 2026-11-21T06:10:33.102Z
20:33 waiting: the spare pool of role cs holds 0 of 1 healthy machines
21:33 plan 8: remove s-002: swap s-002 by s-008: the newcomer has settled
