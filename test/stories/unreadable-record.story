# A machine's record cannot be read: it stays in the cluster as it was, and nothing is taken for gone.
fleet racks=2 machines=8 spares=1
boot all
show from 04:00
at 05:00 damage s-002
at 06:00 kill s-007
at 30:00 repair s-002
run until 35:00
----
04:00 8 healthy; 3 control planes, 4 workers
05:00 s-002  its record cannot be read
06:39 s-007  healthy -> unreachable   2 of 2 probes silent for 32s
06:39 plan 6: taint s-007 as unreachable: its machine is unreachable since 2026-11-21T06:06:39.111Z
06:39 waiting: s-007 is unreachable; a spare steps in if it stays so until 2026-11-21T06:16:39.111Z
16:39 plan 7: add s-008 as worker: swap s-007 by it: s-007 is unreachable since 2026-11-21T06:06:39.111Z
16:39 waiting: the spare pool of role cs holds 0 of 1 healthy machines
17:39 plan 8: remove s-007: swap s-007 by s-008: the newcomer has settled
