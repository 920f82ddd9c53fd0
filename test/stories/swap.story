# A worker dies: a spare comes in first, and only then the dead one leaves.
fleet racks=2 machines=10 spares=1
boot all
show from 04:00
at 05:00 kill s-002
run until 25:00
----
04:00 10 healthy; 3 control planes, 6 workers
05:37 s-002  healthy -> unreachable   2 of 2 probes silent for 31s
05:37 plan 8: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:05:37.343Z
05:37 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:15:37.343Z
15:37 plan 9: add s-008 as worker: swap s-002 by it: s-002 is unreachable since 2026-11-21T06:05:37.343Z
15:37 waiting: the spare pool of role cs holds 0 of 1 healthy machines
16:37 plan 10: remove s-002: swap s-002 by s-008: the newcomer has settled
