# The leader's process ends without a word, in the middle of a swap; the other server goes on where it stopped.
fleet racks=2 machines=10 servers=2 spares=1
boot all
show from 04:00
at 05:00 kill s-002
at 10:00 server-kill leader
at 20:00 server-start 1
run until 30:00
----
04:00 10 healthy; 3 control planes, 6 workers
05:33 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
05:33 plan 8: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:05:33.06Z
05:33 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:15:33.06Z
10:10 server-2 leads
10:10 plan 8: server-2:cluster.yml was missing or old
10:10 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:15:33.06Z
15:33 plan 9: add s-008 as worker: swap s-002 by it: s-002 is unreachable since 2026-11-21T06:05:33.06Z
15:33 waiting: the spare pool of role cs holds 0 of 1 healthy machines
16:33 plan 10: remove s-002: swap s-002 by s-008: the newcomer has settled
